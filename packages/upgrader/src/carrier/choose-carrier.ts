import { fileURLToPath } from 'node:url'
import { FdStore } from '@shellflip/fd-store'
import {
  launchCommand,
  type StartSuccessor,
  SuccessorKeeper,
  startDirectly,
  startForManager,
} from '@shellflip/launcher'
import type { FlipEvent } from '../flip-events.ts'
import type { NormalizedOptions } from '../flip-options.ts'
import type { ManagerLink } from '../manager-link.ts'
import type { Predecessor } from '../predecessor/predecessor.ts'
import { RustHandover } from '../rust/rust-handover.ts'
import type { Carrier } from './carrier.ts'
import { FdStoreCarrier } from './fd-store-carrier.ts'
import { SpawnCarrier } from './spawn-carrier.ts'

/** Decides how this process reaches its next generation. */
export function chooseCarrier(
  options: NormalizedOptions,
  { notifier, environment }: ManagerLink,
  { stored }: Predecessor,
  starter: StartSuccessor,
  onEvent: (event: FlipEvent) => void,
): Carrier {
  const { handover, toRust, prepareSuccessor, successor = {} } = options
  if (handover === 'fd-store') return new FdStoreCarrier(FdStore.open(notifier, environment, stored))
  const startSuccessor = notifier.hasManager && starter === startDirectly ? startForManager : starter
  if (handover === 'rust-successor') {
    return new SpawnCarrier({ startSuccessor, open: (offer) => new RustHandover(offer, toRust) })
  }
  if (!prepareSuccessor) return new SpawnCarrier({ startSuccessor })
  if (startSuccessor !== startDirectly && startSuccessor !== startForManager) {
    const reason = 'the launcher starts each successor. It is the parent of all generations'
    onEvent({ type: 'successor-not-prepared', reason })
    return new SpawnCarrier({ startSuccessor })
  }
  const launch = () => launchCommand(successor, environment)
  const library = fileURLToPath(import.meta.url)
  const keeper = new SuccessorKeeper({ launch, start: startSuccessor, library, onEvent })
  return new SpawnCarrier({ startSuccessor, keeper })
}
