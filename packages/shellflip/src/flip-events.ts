import diagnostics from 'node:diagnostics_channel'
import type { ControlServerEvent } from '@shellflip/control-socket'
import type { ShutdownReport } from '@shellflip/shutdown-coordination'
import type { UpgradeOutcome } from './outcome.ts'

/** Who asked for an upgrade: a signal's name, a client of the control socket, or `flip.upgrade()`. */
export type UpgradeTrigger = NodeJS.Signals | 'control-socket' | 'api'

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
  /** The predecessor's process is gone: this one is the only one. */
  | { type: 'predecessor-exited' }
  /** The last instance has left no state in the fd store, or none that is whole and understood: this one starts clean. */
  | { type: 'state-discarded'; error: unknown }
  /** The state could not be put into the fd store at the end: the next instance starts without the last changes, or clean. */
  | { type: 'state-not-saved'; error: unknown }
  /** An open connection of the predecessor's was taken over, and could not be served: `take` threw, mostly. */
  | { type: 'connection-lost'; error: unknown }
  /** The pid file could not be put in its place: it tells another pid, or none. */
  | { type: 'pid-file-not-written'; error: unknown }
  /** A client of the control socket was not answered. */
  | { type: 'control-socket'; event: ControlServerEvent }
  /** The service manager could not be told something. */
  | { type: 'manager-not-told'; error: Error }

/** The name under which `node:diagnostics_channel` publishes every {@link FlipEvent}. */
export const flipChannel = 'shellflip:event'

const channel = diagnostics.channel(flipChannel)

/**
 * Tells the service's own listener, and whoever subscribed to {@link flipChannel}. What a listener throws is an uncaught
 * exception, as diagnostics_channel makes it one, and not the upgrade's.
 */
export function announcer(onEvent: ((event: FlipEvent) => void) | undefined): (event: FlipEvent) => void {
  return (event) => {
    channel.publish(event)
    try {
      onEvent?.(event)
    } catch (error) {
      process.nextTick(() => {
        throw error
      })
    }
  }
}
