import cluster from 'node:cluster'
import { isMainThread } from 'node:worker_threads'
import { messageOf } from '@shellflip/internal'
import { FdStore } from './fd-store/fd-store.ts'
import { Flip, type ServiceParent } from './flip.ts'
import { announcer } from './flip-events.ts'
import {
  type AnyFlipOptions,
  type NormalizedOptions,
  normalizeOptions,
  type WithoutState,
  type WithState,
  type WithStateStream,
} from './flip-options.ts'
import { IpcParent } from './launcher/ipc-parent.ts'
import { launchService } from './launcher/launcher.ts'
import { findStarter } from './launcher/start-by-launcher.ts'
import { startsAsLauncher } from './launcher/starts-as-launcher.ts'
import { ManagerLink } from './manager-link.ts'
import { OlderGenerations } from './older-generations.ts'
import { findPredecessor, refuseHandover } from './predecessor/find-predecessor.ts'
import { FirstStart } from './predecessor/first-start.ts'
import type { Predecessor } from './predecessor/predecessor.ts'
import { RestartSocket } from './restart-socket/restart-socket.ts'
import { ShellflipError } from './shellflip-error.ts'
import { attemptBySuccessor } from './successor/attempt-by-successor.ts'
import { startDirectly } from './successor/start-directly.ts'
import { startForManager } from './successor/start-for-manager.ts'

let called = false

/**
 * Makes this process one of a service that replaces itself. If a predecessor has started it, its sockets and its state
 * are here when this resolves, and it serves on until `flip.ready()`.
 *
 * To be called once, early, in the main thread. If it fails, end the process: a predecessor goes on itself.
 *
 * @throws {@link ShellflipError}; `HandoverError` (ERR_STATE …) if the predecessor's state cannot be understood;
 *   `ControlSocketError` (ERR_PATH_IN_USE …) if the control socket cannot be had
 */
export function shellflip<T>(options: WithState<T>): Promise<Flip<T | undefined>>
export function shellflip<T>(options: WithStateStream<T>): Promise<Flip<AsyncIterable<T> | undefined>>
export function shellflip(options?: WithoutState): Promise<Flip<undefined>>
export async function shellflip(given: AnyFlipOptions = {}): Promise<Flip<unknown>> {
  checkPlace()
  const options = checkedOptions(given)
  called = true
  if (startsAsLauncher(options.launcher)) return launchService(options)
  const { startSuccessor: starter, reportReady } = findStarter()
  const emit = announcer(options.onEvent)
  let flip: Flip<unknown> | undefined
  // At once: a signal without a handler ends the process.
  for (const signal of options.signals) process.on(signal, () => void flip?.request(signal))
  const manager = new ManagerLink((error) => emit({ type: 'manager-not-told', error }))
  const startSuccessor = manager.notifier.hasManager && starter === startDirectly ? startForManager : starter
  const predecessor = await findPredecessor(options, emit, manager.notifier)
  try {
    const store = options.handover === 'fd-store' ? openStore(manager, predecessor) : undefined
    const state = options.state && (await predecessor.state(options.state))
    const older = new OlderGenerations(predecessor)
    const made = new Flip<unknown>({
      options,
      predecessor,
      manager,
      older,
      state,
      emit,
      attempt: attemptBySuccessor(startSuccessor),
      parent: parentOf(() => flip?.stopByMessage(), reportReady),
      ...(store === undefined ? {} : { store }),
    })
    const restartSocket = await RestartSocket.open(
      {
        path: options.controlSocket,
        restart: () => made.request('control-socket'),
        onEvent: (event) => emit({ type: 'control-socket', event }),
      },
      predecessor,
    )
    made.attach(restartSocket)
    process.once('exit', () => made.exit())
    for (const signal of options.stopSignals) {
      // Node passes the name and the number. `process.emit('SIGTERM')` of a library passes nothing.
      process.on(signal, (name?: NodeJS.Signals) => made.stopBySignal(signal, name !== signal))
    }
    if (predecessor.identity !== undefined) {
      emit({ type: 'taken-over', predecessor: predecessor.identity })
    }
    flip = made
    return made
  } catch (error) {
    predecessor.refuse(messageOf(error))
    throw error
  }
}

/** Where they are wrong, a predecessor is told why: else it would see an exit status. */
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

function openStore(manager: ManagerLink, predecessor: Predecessor): FdStore {
  const stored = predecessor instanceof FirstStart ? predecessor.stored : new Map()
  return FdStore.open(manager.notifier, manager.environment, stored)
}

function checkPlace(): void {
  if (cluster.isWorker) {
    throw new ShellflipError(
      'ERR_CLUSTER_WORKER',
      'a cluster worker cannot replace itself, its primary has the sockets: call shellflip() in the primary, or run ' +
        'the service by procroll',
    )
  }
  if (!isMainThread) {
    throw new ShellflipError(
      'ERR_WORKER_THREAD',
      'a worker thread cannot replace the process: call shellflip() in the main thread',
    )
  }
  if (called)
    throw new ShellflipError(
      'ERR_CALLED_TWICE',
      'shellflip() was called before in this process. Call it once.',
    )
}
