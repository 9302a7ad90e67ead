/** The state of a generation. In `failed` it is being ended, because it did not become ready or did not remain ready. */
export type GenerationState = 'starting' | 'ready' | 'draining' | 'failed' | 'exited'

/**
 * The events that can happen to a generation.
 *
 * - `ready`: it reports READY=1
 * - `untaken`: it reports READY=1, and its processes show that they did not take the sockets that were passed
 * - `late`: the ready timeout passed
 * - `hung`: its watchdog timeout passed while it was ready, or it requested its end by WATCHDOG=trigger
 * - `main-gone`: its main process is gone, but other processes of it are alive
 * - `gone`: all its processes are gone, or none could be spawned
 * - `stop`: the caller stops it, and it may drain
 * - `overdue`: the drain timeout passed
 * - `kill`: the caller ends it now
 * - `unkillable`: the system refused SIGKILL, or SIGKILL did not end it
 */
export type GenerationTrigger =
  | 'ready'
  | 'untaken'
  | 'late'
  | 'hung'
  | 'main-gone'
  | 'gone'
  | 'stop'
  | 'overdue'
  | 'kill'
  | 'unkillable'

/**
 * - `signal`: send the stop signal to the processes that have not received it, and start the drain timeout unless it runs already
 * - `end-rest`: the same, with a short timeout, for the processes left behind by a main process that ended unasked
 * - `kill`: send SIGKILL to the whole group
 */
export type GenerationAction = 'signal' | 'end-rest' | 'kill'

export type GenerationStep = { to: GenerationState; action?: GenerationAction }

/** Maps each state and trigger to a step. A trigger that a state does not list changes nothing. */
export const generationTable: Record<GenerationState, Partial<Record<GenerationTrigger, GenerationStep>>> = {
  starting: {
    ready: { to: 'ready' },
    untaken: { to: 'failed', action: 'signal' },
    late: { to: 'failed', action: 'signal' },
    'main-gone': { to: 'failed', action: 'end-rest' },
    gone: { to: 'exited' },
    stop: { to: 'failed', action: 'signal' },
    kill: { to: 'failed', action: 'kill' },
  },
  ready: {
    hung: { to: 'failed', action: 'kill' },
    'main-gone': { to: 'failed', action: 'end-rest' },
    gone: { to: 'exited' },
    stop: { to: 'draining', action: 'signal' },
    kill: { to: 'draining', action: 'kill' },
  },
  draining: {
    hung: { to: 'draining', action: 'kill' },
    'main-gone': { to: 'draining', action: 'signal' },
    gone: { to: 'exited' },
    overdue: { to: 'draining', action: 'kill' },
    kill: { to: 'draining', action: 'kill' },
    unkillable: { to: 'exited' },
  },
  failed: {
    'main-gone': { to: 'failed', action: 'signal' },
    gone: { to: 'exited' },
    overdue: { to: 'failed', action: 'kill' },
    kill: { to: 'failed', action: 'kill' },
    unkillable: { to: 'exited' },
  },
  exited: {},
}
