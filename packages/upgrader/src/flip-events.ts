import diagnostics from 'node:diagnostics_channel'
import type { ControlServerEvent } from '@shellflip/control-socket'
import { callListener } from '@shellflip/internal'
import type { ShutdownReport } from '@shellflip/shutdown-coordination'
import type { UpgradeOutcome } from './outcome.ts'

/** Who asked for an upgrade: a signal's name, a client of the control socket, or `flip.upgrade()`. */
export type UpgradeTrigger = NodeJS.Signals | 'control-socket' | 'api'

/**
 * What a process does when it begins to serve, or serves on after an upgrade that failed:
 *
 * - `accept`: a server accepts. It fails alone only where the predecessor has ended; else the upgrade fails, and the predecessor goes on.
 * - `unwanted-paths`: UNIX paths of the predecessor that this version does not use are removed
 * - `socket-modes`: UNIX paths of the predecessor get the `mode` that this version asks for
 * - `pid-file`: the pid file holds this process's pid again, after an upgrade that failed
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

/** What a service may want to log, count or act on. `type` tells which; nothing is printed by this package. */
export type FlipEvent =
  /** This process is a successor: sockets and state are here, and the predecessor serves on until `ready`. */
  | { type: 'taken-over'; predecessor: { pid: number | undefined; version: string } }
  /** This process serves. `predecessor` is undefined for one that was started anew. */
  | { type: 'ready'; predecessor?: { pid: number | undefined; state: 'draining' | 'gone' } }
  | { type: 'upgrade-requested'; by: UpgradeTrigger }
  /** `pid` was started. Where `launch.file` is a wrapper, the successor is another process: see the outcome's `pid`. */
  | { type: 'successor-started'; pid: number }
  /** What came of the upgrade: the successor took over, or it failed, or was refused. */
  | { type: 'upgrade-over'; by: UpgradeTrigger; outcome: UpgradeOutcome }
  /** A hook threw where that changes nothing. */
  | { type: 'hook-failed'; hook: 'upgradeFailed' | 'upgraded'; error: unknown }
  | { type: 'draining'; reason: string }
  | { type: 'drained'; report: ShutdownReport }
  /** A second after the drain something of the program still keeps this process alive. Node's names for it: `2 Timeout`. */
  | { type: 'kept-alive'; resources: string }
  /** Node does something else as well at one of our signals: `by` names its option. */
  | { type: 'signal-shared'; signal: NodeJS.Signals; by: string; message: string }
  /** The predecessor's process is gone: this one is the only one. */
  | { type: 'predecessor-exited' }
  /** The last instance has left no state in the fd store, or none that is whole and understood: this one starts clean. */
  | { type: 'state-discarded'; error: unknown }
  /** The state could not be put into the fd store at the end: the next instance starts without the last changes, or clean. */
  | { type: 'state-not-saved'; error: unknown }
  /** `give` threw, or what it gave cannot be sent. The connection stays in this process and drains. */
  | { type: 'connection-kept'; error: unknown }
  /** A connection came from the predecessor, and `take` threw, or a listener of the server did. The connection is closed. */
  | { type: 'connection-lost'; error: unknown }
  /** This process serves, and one step after the commit failed: see {@link ActivationStep}. */
  | { type: 'activation-failed'; step: ActivationStep; error: unknown }
  /** The first process of the service binds an address itself, which no successor can bind as well: its upgrades will fail. */
  | { type: 'unmanaged-server'; message: string }
  /** A client of the control socket was not answered. */
  | { type: 'control-socket'; event: ControlServerEvent }
  /** The service manager could not be told something. */
  | { type: 'manager-not-told'; error: Error }

/** The name under which `node:diagnostics_channel` publishes every {@link FlipEvent}. */
export const flipChannel = 'shellflip:event'

const channel = diagnostics.channel(flipChannel)

/**
 * Tells the service's own listener, and whoever subscribed to {@link flipChannel}. A logger that fails must not end the process that
 * serves, so what the listener throws is a warning. What a subscriber throws is an uncaught exception, as diagnostics_channel makes it one.
 */
export function announcer(onEvent: ((event: FlipEvent) => void) | undefined): (event: FlipEvent) => void {
  return (event) => {
    channel.publish(event)
    callListener(onEvent, event)
  }
}
