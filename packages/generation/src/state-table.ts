/** Where a generation stands. `failed`: it is being ended since it did not become, or remain, ready. */
export type GenerationState = 'starting' | 'ready' | 'draining' | 'failed' | 'exited'

/**
 * What can happen to a generation.
 *
 * - `ready`: it said READY=1
 * - `late`: the ready timeout passed
 * - `hung`: its watchdog was not petted in time, or it asked to be ended by WATCHDOG=trigger
 * - `main-gone`: the main process, told by MAINPID, is gone, and the process that was spawned lives on
 * - `gone`: no process of it is left, or none could be spawned
 * - `stop`: it is asked to end in its own time
 * - `overdue`: the shutdown timeout passed
 * - `kill`: it is to end now
 */
export type GenerationTrigger = 'ready' | 'late' | 'hung' | 'main-gone' | 'gone' | 'stop' | 'overdue' | 'kill'

/** `signal` sends the stop signal and starts the shutdown timeout, if it does not run yet; `kill` sends SIGKILL to the whole group. */
export type GenerationAction = 'signal' | 'kill'

export type GenerationStep = { to: GenerationState; action?: GenerationAction }

/** Each state's answer to each trigger. What does not stand here changes nothing. */
export const generationTable: Record<GenerationState, Partial<Record<GenerationTrigger, GenerationStep>>> = {
  starting: {
    ready: { to: 'ready' },
    late: { to: 'failed', action: 'signal' },
    'main-gone': { to: 'failed', action: 'signal' },
    gone: { to: 'exited' },
    stop: { to: 'failed', action: 'signal' },
    kill: { to: 'failed', action: 'kill' },
  },
  ready: {
    hung: { to: 'failed', action: 'kill' },
    'main-gone': { to: 'failed', action: 'signal' },
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
  },
  failed: {
    'main-gone': { to: 'failed', action: 'signal' },
    gone: { to: 'exited' },
    overdue: { to: 'failed', action: 'kill' },
    kill: { to: 'failed', action: 'kill' },
  },
  exited: {},
}
