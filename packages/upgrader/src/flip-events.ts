import diagnostics from 'node:diagnostics_channel'
import type { ControlServerEvent } from '@shellflip/control-socket'
import { Events } from '@shellflip/internal'
import type { KeeperEvent } from '@shellflip/launcher'
import type { ShutdownReport } from '@shellflip/shutdown-coordination'
import type { UpgradeOutcome } from './outcome.ts'

/** The source of a request for an upgrade: a signal's name, a client of the control socket, or `flip.upgrade()`. */
export type UpgradeTrigger = NodeJS.Signals | 'control-socket' | 'api'

/**
 * A step of a process that begins to serve, or keeps serving after a failed upgrade:
 *
 * - `accept`: a server accepts. It fails alone only where the predecessor has exited. Otherwise the upgrade fails, and the predecessor
 *   continues.
 * - `unwanted-paths`: UNIX paths of the predecessor that this version does not use are removed
 * - `socket-modes`: UNIX paths of the predecessor get the `mode` that this version requests
 * - `pid-file`: the pid file holds this process's pid again, after a failed upgrade
 * - `control-socket`: a control socket of the predecessor that this version does not use is closed
 * - `stored-state`: the state that was taken from the fd store is removed there
 */
export type ActivationStep =
  | 'accept'
  | 'unwanted-paths'
  | 'socket-modes'
  | 'pid-file'
  | 'control-socket'
  | 'stored-state'

/** An event that a service may want to log, count or act on. `type` names it. This package prints nothing. */
export type FlipEvent =
  /** With `prepareSuccessor`: a process waits for the next upgrade, does not wait any more, or was not used at an upgrade. */
  | KeeperEvent
  /** This process is a successor. It has the sockets and the state, and the predecessor keeps serving until `ready`. */
  | { type: 'taken-over'; predecessor: { pid: number | undefined; version: string } }
  /** This process serves. `predecessor` is undefined if no process was there before. */
  | { type: 'ready'; predecessor?: { pid: number | undefined; state: 'draining' | 'gone' } }
  | { type: 'upgrade-requested'; by: UpgradeTrigger }
  /** `pid` was started. Where `successor.file` is a wrapper, the successor is another process: see the outcome's `pid`. */
  | { type: 'successor-started'; pid: number }
  /** The outcome of the upgrade: the successor took over, or the upgrade failed or was refused. */
  | { type: 'upgrade-over'; by: UpgradeTrigger; outcome: UpgradeOutcome }
  /** A hook threw where that changes nothing. */
  | { type: 'hook-failed'; hook: 'upgradeFailed' | 'upgraded'; error: unknown }
  | { type: 'draining'; reason: string }
  | { type: 'drained'; report: ShutdownReport }
  /** A second after the drain, something of the program still keeps this process alive. Node's names for it: `2 Timeout`. */
  | { type: 'kept-alive'; resources: string }
  /** Node also uses one of our signals for something else. `by` names its option. */
  | { type: 'signal-shared'; signal: NodeJS.Signals; by: string; message: string }
  /** The predecessor has exited: this process is the only one. */
  | { type: 'predecessor-exited' }
  /** The fd store has no state of the last instance, or none that is whole and understood. This instance starts clean. */
  | { type: 'state-discarded'; error: unknown }
  /** The state could not be put into the fd store at the end. The next instance starts clean, or without the last changes. */
  | { type: 'state-not-saved'; error: unknown }
  /** `give` threw, or its result cannot be sent. The connection stays in this process and drains. */
  | { type: 'connection-kept'; error: unknown }
  /** A connection came from the predecessor, and `take` or a listener of the server threw. The connection is closed. */
  | { type: 'connection-lost'; error: unknown }
  /** This process serves, and one step after the commit failed: see {@link ActivationStep}. */
  | { type: 'activation-failed'; step: ActivationStep; error: unknown }
  /** The first process of the service binds an address itself. A successor cannot bind it as well, so the upgrades will fail. */
  | { type: 'unmanaged-server'; message: string }
  /** A client of the control socket was not answered. */
  | { type: 'control-socket'; event: ControlServerEvent }
  /** A report to the service manager failed. */
  | { type: 'manager-not-told'; error: Error }

/** The name under which `node:diagnostics_channel` publishes every {@link FlipEvent}. */
export const flipChannel = 'shellflip:event'

const channel = diagnostics.channel(flipChannel)

/**
 * Emits the events to the service's own listeners and to the subscribers of {@link flipChannel}. A logger that fails must not end the
 * process that serves, so an error of a listener becomes a warning. An error of a subscriber is an uncaught exception, because
 * diagnostics_channel makes it one.
 */
export class FlipEvents {
  readonly #events = new Events<FlipEvent>()

  /** @param onEvent the option of the program, which also gets the events before there is a `Flip` */
  constructor(onEvent?: (event: FlipEvent) => unknown) {
    if (onEvent !== undefined) this.#events.onEvent(onEvent)
  }

  readonly emit = (event: FlipEvent): void => {
    channel.publish(event)
    this.#events.emit(event)
  }

  onEvent(listener: (event: FlipEvent) => unknown): Disposable {
    return this.#events.onEvent(listener)
  }

  events(): AsyncIterable<FlipEvent> {
    return this.#events.events()
  }

  /** Ends the loops over {@link events}, because this process's part is done. */
  end(): void {
    this.#events.end()
  }
}
