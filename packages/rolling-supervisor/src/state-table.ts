/**
 * Where the supervisor stands.
 *
 * - `starting`: no generation serves; one is being started
 * - `serving`: a generation serves
 * - `rolling`: a generation serves, and the next one is being started
 * - `backing-off`: no generation serves; one is started after a delay
 * - `stopping`: all generations are being ended
 * - `stopped`: no process is left
 */
export type SupervisorState = 'starting' | 'serving' | 'rolling' | 'backing-off' | 'stopping' | 'stopped'

/**
 * What can happen to it.
 *
 * - `roll`: a roll is asked for
 * - `ready`: the candidate (the generation being started) is ready
 * - `failed`: the candidate failed, while another generation serves
 * - `lost`: the generation that served died unasked, or the one to replace it failed; the restart policy is for a new one
 * - `over`: the same, and the restart policy says that this is the end; or the first start failed
 * - `retry`: the delay before a restart passed
 * - `stop`: the supervisor is asked to end
 * - `empty`: the last process is gone
 */
export type SupervisorTrigger = 'roll' | 'ready' | 'failed' | 'lost' | 'over' | 'retry' | 'stop' | 'empty'

/**
 * - `spawn`: start the next generation, as candidate
 * - `promote`: make the candidate the current generation, and drain its predecessor
 * - `queue`: keep the roll until the present one is over; one is kept, however many ask
 * - `back-off`: start the delay before a restart
 * - `end`: ask every generation to end
 * - `kill`: end every generation with SIGKILL
 * - `finish`: all is over
 */
export type SupervisorAction = 'spawn' | 'promote' | 'queue' | 'back-off' | 'end' | 'kill' | 'finish'

export type SupervisorStep = { to: SupervisorState; action?: SupervisorAction }

/** Each state's answer to each trigger. What does not stand here changes nothing. */
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
