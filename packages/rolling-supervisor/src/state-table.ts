/**
 * The state of the supervisor.
 *
 * - `starting`: a generation is being started, and none serves
 * - `serving`: a generation serves
 * - `rolling`: a generation serves, and the next one is being started
 * - `backing-off`: none serves, and one will be started after a delay
 * - `stopping`: all generations are being ended
 * - `stopped`: all processes are gone
 */
export type SupervisorState = 'starting' | 'serving' | 'rolling' | 'backing-off' | 'stopping' | 'stopped'

/**
 * The events that can happen to it.
 *
 * - `roll`: a client requests a roll
 * - `ready`: the candidate (the generation being started) is ready
 * - `failed`: the candidate failed, while another generation serves
 * - `lost`: the serving generation died unasked, or its replacement failed, and the restart policy allows a new one
 * - `over`: the same, but the restart policy says that this is the end, or the first start failed
 * - `retry`: the delay before a restart passed
 * - `stop`: the caller stops the supervisor
 * - `empty`: the last process is gone
 */
export type SupervisorTrigger = 'roll' | 'ready' | 'failed' | 'lost' | 'over' | 'retry' | 'stop' | 'empty'

/**
 * - `spawn`: start the next generation, as candidate
 * - `promote`: make the candidate the current generation, and drain its predecessor
 * - `queue`: keep the roll until the present one is over (one is kept, however many requests arrive)
 * - `back-off`: start the delay before a restart
 * - `end`: stop every generation
 * - `kill`: end every generation with SIGKILL
 * - `finish`: settle the result, because all is over
 */
export type SupervisorAction = 'spawn' | 'promote' | 'queue' | 'back-off' | 'end' | 'kill' | 'finish'

export type SupervisorStep = { to: SupervisorState; action?: SupervisorAction }

/** Maps each state and trigger to a step. A trigger that a state does not list changes nothing. */
export const supervisorTable: Record<SupervisorState, Partial<Record<SupervisorTrigger, SupervisorStep>>> = {
  starting: {
    roll: { to: 'starting', action: 'queue' },
    ready: { to: 'serving', action: 'promote' },
    lost: { to: 'backing-off', action: 'back-off' },
    over: { to: 'stopping', action: 'end' },
    stop: { to: 'stopping', action: 'end' },
  },
  serving: {
    roll: { to: 'rolling', action: 'spawn' },
    lost: { to: 'backing-off', action: 'back-off' },
    over: { to: 'stopping', action: 'end' },
    stop: { to: 'stopping', action: 'end' },
  },
  rolling: {
    roll: { to: 'rolling', action: 'queue' },
    ready: { to: 'serving', action: 'promote' },
    failed: { to: 'serving' },
    lost: { to: 'starting' },
    stop: { to: 'stopping', action: 'end' },
  },
  'backing-off': {
    roll: { to: 'starting', action: 'spawn' },
    retry: { to: 'starting', action: 'spawn' },
    stop: { to: 'stopping', action: 'end' },
  },
  stopping: {
    stop: { to: 'stopping', action: 'kill' },
    empty: { to: 'stopped', action: 'finish' },
  },
  stopped: {},
}
