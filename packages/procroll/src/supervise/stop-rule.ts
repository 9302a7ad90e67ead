import { startRunningTime } from './running-time.ts'

/** What can call for a stop: a signal, `procroll stop`, `procroll stop --now`, or an internal error. */
export type StopCause = 'SIGTERM' | 'SIGINT' | 'SIGQUIT' | 'SIGHUP' | 'request' | 'request-now' | 'fault'

/** The first stop drains. A later one is either the same stop once more, or cuts the drain. */
export type StopVerdict = 'drain' | 'same' | 'cut'

/**
 * How long after the first stop another one is still the same (docs/decisions/0020). Service managers send SIGTERM again
 * right after `ExecStop=kill -TERM $MAINPID`. A Ctrl-C arrives twice where npm forwards what the terminal sent to all.
 * A closed terminal sends SIGHUP, and so does the shell in it. Two operators may run `procroll stop`.
 */
export const SAME_FOR_MS = {
  SIGTERM: 5_000,
  SIGINT: 500,
  SIGQUIT: 500,
  SIGHUP: Number.POSITIVE_INFINITY,
  request: Number.POSITIVE_INFINITY,
  'request-now': -1,
  fault: -1,
} satisfies Record<StopCause, number>

/** Tells one stop that arrives several times from a deliberate second stop. */
export class StopRule {
  readonly #startClock: () => () => number
  #sinceFirst: (() => number) | undefined

  constructor(startClock = () => startRunningTime(SAME_FOR_MS.SIGTERM)) {
    this.#startClock = startClock
  }

  judge(cause: StopCause): StopVerdict {
    if (this.#sinceFirst === undefined) {
      this.#sinceFirst = this.#startClock()
      return cause === 'request-now' ? 'cut' : 'drain'
    }
    return this.#sinceFirst() <= SAME_FOR_MS[cause] ? 'same' : 'cut'
  }
}
