import type { RefusalReason } from './outcome.ts'

/**
 * Where a process of the service stands. `preparing`: it does not serve yet, or its predecessor can still go on alone. `aborting`: it was
 * asked to stop amid an upgrade. `draining`: its successor serves. `stopping`: it was asked to stop, and drains.
 */
export type FlipPhase = 'preparing' | 'serving' | 'upgrading' | 'aborting' | 'draining' | 'stopping' | 'over'

/**
 * What can happen to it.
 *
 * - `ready`: it serves, and no predecessor can go on in its place
 * - `upgrade`: someone asks for an upgrade
 * - `committed`: the successor is ready, and has taken over
 * - `failed`: this upgrade has come to nothing
 * - `stop`: a stop signal, or `stop()`
 * - `drained`: nothing of its work is left
 */
export type FlipTrigger = 'ready' | 'upgrade' | 'committed' | 'failed' | 'stop' | 'drained'

/**
 * `attempt` starts a successor; `abort` ends it; `drain` finishes what is under way; `end` cuts that off; `pass-on` drains, and
 * lets the successor stop. `refuse` answers whoever asked for an upgrade.
 */
export type FlipAction = 'attempt' | 'abort' | 'drain' | 'end' | 'pass-on'

export type FlipStep =
  | { to: FlipPhase; action?: FlipAction }
  | { refuse: Extract<RefusalReason, 'not-ready' | 'in-progress' | 'draining' | 'stopping'> }

/** Each state's answer to each trigger. What does not stand here changes nothing. */
export const flipTable: Record<FlipPhase, Partial<Record<FlipTrigger, FlipStep>>> = {
  preparing: {
    ready: { to: 'serving' },
    upgrade: { refuse: 'not-ready' },
    stop: { to: 'stopping', action: 'drain' },
  },
  serving: {
    upgrade: { to: 'upgrading', action: 'attempt' },
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
    // Too late to abort it: the service that is to stop is the successor's by now.
    committed: { to: 'stopping', action: 'pass-on' },
    failed: { to: 'stopping', action: 'drain' },
    stop: { to: 'aborting', action: 'end' },
  },
  draining: {
    upgrade: { refuse: 'draining' },
    // A stop of the whole service (systemd tells all of its processes): what is under way here is finished too.
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
