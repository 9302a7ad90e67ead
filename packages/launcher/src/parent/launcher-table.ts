/**
 * Where the launcher stands:
 *
 * - `starting`: the first generation is being started
 * - `serving`: one generation serves, and none is being started to replace it
 * - `upgrading`: the candidate, a successor of the serving generation, was started
 * - `stopping`: the same, and a stop signal came. It is meant for the generation that serves after the upgrade
 * - `ending`: no generation serves. Those that are left drain
 * - `over`: no process is left, and the launcher exits
 */
export type LauncherState = 'starting' | 'serving' | 'upgrading' | 'stopping' | 'ending' | 'over'

/**
 * The events that can happen to it:
 *
 * - `started`: the first generation runs
 * - `candidate`: a candidate runs
 * - `failed`: the candidate has exited
 * - `serves`: the serving generation reports that its successor serves
 * - `lost`: the serving generation has exited
 * - `signal`: a signal for the service came
 * - `stop`: a signal came that stops the service
 * - `empty`: the last process has exited
 */
export type LauncherEvent =
  | 'started'
  | 'candidate'
  | 'failed'
  | 'serves'
  | 'lost'
  | 'signal'
  | 'stop'
  | 'empty'

/**
 * - `pass`: pass the signal to the serving generation
 * - `pass-to-all`: pass the signal to every generation that drains
 * - `promote`: the candidate is now the serving generation
 * - `promote-and-stop`: the same, and it gets the stop signal that came during the upgrade
 * - `clean-up`: forget the candidate, and kill what it has left behind
 * - `drop`: no generation is the serving one
 * - `exit`: exit with the status of the generation that served last
 */
export type LauncherAction =
  | 'pass'
  | 'pass-to-all'
  | 'promote'
  | 'promote-and-stop'
  | 'clean-up'
  | 'drop'
  | 'exit'

export type LauncherStep = { to: LauncherState; action?: LauncherAction }

/** Maps each state and event to a step. An event that a state does not list changes nothing. */
export const launcherTable: Record<LauncherState, Partial<Record<LauncherEvent, LauncherStep>>> = {
  starting: {
    started: { to: 'serving' },
    lost: { to: 'ending', action: 'drop' },
    signal: { to: 'starting', action: 'pass' },
    stop: { to: 'starting', action: 'pass' },
  },
  serving: {
    candidate: { to: 'upgrading' },
    // The candidate served, and has exited before this report arrived.
    serves: { to: 'ending', action: 'drop' },
    lost: { to: 'ending', action: 'drop' },
    signal: { to: 'serving', action: 'pass' },
    stop: { to: 'serving', action: 'pass' },
  },
  upgrading: {
    failed: { to: 'serving', action: 'clean-up' },
    serves: { to: 'serving', action: 'promote' },
    // The candidate may have everything that it needs, and serve. Otherwise it exits.
    lost: { to: 'serving', action: 'promote' },
    signal: { to: 'upgrading', action: 'pass' },
    stop: { to: 'stopping', action: 'pass' },
  },
  stopping: {
    failed: { to: 'serving', action: 'clean-up' },
    serves: { to: 'serving', action: 'promote-and-stop' },
    lost: { to: 'serving', action: 'promote-and-stop' },
    signal: { to: 'stopping', action: 'pass' },
    stop: { to: 'stopping', action: 'pass' },
  },
  ending: {
    failed: { to: 'ending', action: 'clean-up' },
    signal: { to: 'ending', action: 'pass-to-all' },
    stop: { to: 'ending', action: 'pass-to-all' },
    empty: { to: 'over', action: 'exit' },
  },
  over: {},
}
