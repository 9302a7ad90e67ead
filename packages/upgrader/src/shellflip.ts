import { deferred, messageOf, oncePerProcess } from '@shellflip/internal'
import { findStarter, IpcParent, launchService, startsAsLauncher } from '@shellflip/launcher'
import { chooseCarrier } from './carrier/choose-carrier.ts'
import { checkPlace } from './check-place.ts'
import { UpgradeSocket } from './control-socket/upgrade-socket.ts'
import type { Flip } from './flip.ts'
import { FlipEvents } from './flip-events.ts'
import {
  type AnyFlipOptions,
  type NormalizedOptions,
  normalizeOptions,
  type WithoutState,
  type WithState,
  type WithStateStream,
} from './flip-options.ts'
import type { ServiceParent } from './flip-parts.ts'
import { FlipProcess } from './flip-process.ts'
import { ManagerLink } from './manager-link.ts'
import { OlderGenerations } from './older-generations.ts'
import { findPredecessor, refuseHandover } from './predecessor/find-predecessor.ts'
import { ShellflipError } from './shellflip-error.ts'

const life = oncePerProcess('life', () => ({ hasBegun: false }))

/**
 * Makes this process one of a service that replaces itself. If a predecessor has started it, its sockets and its state are here when this
 * resolves. The predecessor keeps serving until `flip.ready()`.
 *
 * Call it once, early, in the main thread. If it fails, end the process. A predecessor then continues.
 *
 * @throws {ShellflipError} ERR_INVALID_ARGUMENT
 * @throws {HandoverError} ERR_STATE if the predecessor's state cannot be decoded
 * @throws {ControlSocketError} ERR_CONTROL_PATH_IN_USE if a live instance has the control socket
 */
export function shellflip<T>(options: WithState<T>): Promise<Flip<T | undefined>>
export function shellflip<T>(options: WithStateStream<T>): Promise<Flip<AsyncIterable<T> | undefined>>
export function shellflip(options?: WithoutState): Promise<Flip<undefined>>
export async function shellflip(given: AnyFlipOptions = {}): Promise<Flip<unknown>> {
  checkPlace()
  if (life.hasBegun) {
    throw new ShellflipError(
      'ERR_CALLED_TWICE',
      'shellflip() was called before in this process. Call it once.',
    )
  }
  const options = checkedOptions(given)
  life.hasBegun = true
  if (startsAsLauncher(options.launcher)) return launchService(options)
  const { startSuccessor, reportReady } = findStarter()
  const events = new FlipEvents(options.onEvent)
  const { emit } = events
  const { promise: born, resolve } = deferred<FlipProcess<unknown>>()
  // The handlers are set at once, because a signal without a handler ends the process.
  for (const signal of options.upgradeSignals) process.on(signal, async () => (await born).request(signal))
  const manager = new ManagerLink((error) => emit({ type: 'manager-not-told', error }))
  const predecessor = await findPredecessor(options, emit, manager.notifier)
  try {
    const carrier = chooseCarrier(options, manager, predecessor, startSuccessor, emit)
    const state = options.state && (await predecessor.state(options.state))
    const older = new OlderGenerations(predecessor)
    // Last of what can fail: it may bind a path.
    const upgradeSocket = await UpgradeSocket.open(
      {
        path: options.controlSocket,
        restart: async () => (await born).request('control-socket'),
        onEvent: (event) => emit({ type: 'control-socket', event }),
      },
      predecessor,
    )
    const parent = parentOf(async () => (await born).stopByMessage(), reportReady)
    const flip = new FlipProcess<unknown>({
      options,
      predecessor,
      manager,
      older,
      state,
      events,
      carrier,
      upgradeSocket,
      parent,
    })
    process.once('exit', () => flip.exit())
    for (const signal of options.stopSignals) {
      // Node passes the name and the number. A library's `process.emit('SIGTERM')` passes nothing.
      process.on(signal, (name?: NodeJS.Signals) => flip.stopBySignal(signal, name !== signal))
    }
    if (predecessor.identity !== undefined) emit({ type: 'taken-over', predecessor: predecessor.identity })
    resolve(flip)
    return flip
  } catch (error) {
    predecessor.refuse(messageOf(error))
    throw error
  }
}

/** Checks the options, and reports a fault to a predecessor, which would otherwise see only an exit status. */
function checkedOptions(given: AnyFlipOptions): NormalizedOptions {
  try {
    return normalizeOptions(given)
  } catch (error) {
    refuseHandover((error as Error).message)
    throw error
  }
}

/** A launcher reports to the process that forked the service. Without a launcher this process does. */
function parentOf(onShutdown: () => void, reportReady: (() => void) | undefined): ServiceParent | undefined {
  if (reportReady !== undefined) return { ready: reportReady, leave() {} }
  return IpcParent.find(onShutdown)
}
