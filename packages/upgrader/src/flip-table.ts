import type { RefusalReason } from './outcome.ts'

/**
 * The phase of a process of the service. `preparing`: it does not serve yet, or its predecessor can still continue alone. `aborting`: it
 * was stopped during an upgrade. `draining`: its successor serves. `stopping`: it was stopped, and drains.
 */
export type FlipPhase = 'preparing' | 'serving' | 'upgrading' | 'aborting' | 'draining' | 'stopping' | 'over'

/**
 * An event of the process:
 *
 * - `ready`: it serves, and no predecessor can continue in its place
 * - `upgrade`: an upgrade is requested
 * - `committed`: the successor is ready, and has taken over
 * - `failed`: this upgrade failed
 * - `stop`: a stop signal, or `stop()`
 * - `drained`: none of its work is left
 */
export type FlipTrigger = 'ready' | 'upgrade' | 'committed' | 'failed' | 'stop' | 'drained'

/**
 * A reaction of the process. `carry` starts a successor. `abort` ends the successor. `drain` finishes the work in flight. `end` cuts that
 * work off. `pass-on` drains, and stops the successor. `refuse` answers the requester of an upgrade.
 */
export type FlipAction = 'carry' | 'abort' | 'drain' | 'end' | 'pass-on'

export type FlipStep =
  | { to: FlipPhase; action?: FlipAction }
  | { refuse: Extract<RefusalReason, 'not-ready' | 'in-progress' | 'draining' | 'stopping'> }

/** Maps each state and trigger to the answer. A trigger without an entry changes nothing. */
export const flipTable: Record<FlipPhase, Partial<Record<FlipTrigger, FlipStep>>> = {
  preparing: {
    ready: { to: 'serving' },
    upgrade: { refuse: 'not-ready' },
    stop: { to: 'stopping', action: 'drain' },
  },
  serving: {
    upgrade: { to: 'upgrading', action: 'carry' },
    stop: { to: 'stopping', action: 'drain' },
  },
  upgrading: {
    upgrade: { refuse: 'in-progress' },
    committed: { to: 'draining', action: 'drain' },
    failed: { to: 'serving' },
    stop: { to: 'aborting', action: 'abort' },
  },
  aborting: {
    upgrade: { refuse: 'stopping' },
    // It is too late for an abort. The service that must stop is the successor's by now.
    committed: { to: 'stopping', action: 'pass-on' },
    failed: { to: 'stopping', action: 'drain' },
    stop: { to: 'aborting', action: 'end' },
  },
  draining: {
    upgrade: { refuse: 'draining' },
    // A stop of the whole service (systemd signals all of its processes). The work in flight here is finished too.
    stop: { to: 'stopping' },
    drained: { to: 'over' },
  },
  stopping: {
    upgrade: { refuse: 'stopping' },
    stop: { to: 'stopping', action: 'end' },
    drained: { to: 'over' },
  },
  over: {
    upgrade: { refuse: 'stopping' },
  },
}
