import { startRunningTime } from './running-time.ts'

/** The first stop drains. A later one is either the same stop once more, or cuts the drain. */
export type StopVerdict = 'drain' | 'same' | 'cut'

/**
 * How long after the first stop a signal is still the same stop (docs/decisions/0020). Service managers send SIGTERM again
 * right after `ExecStop=kill -TERM $MAINPID`. A Ctrl-C arrives twice where npm forwards what the terminal sent to all.
 * A closed terminal sends SIGHUP, and so does the shell in it.
 */
export const sameSignalForMs = {
  SIGTERM: 5_000,
  SIGINT: 500,
  SIGQUIT: 500,
  SIGHUP: Number.POSITIVE_INFINITY,
} as const

/** Tells how long after `first` a stop by `cause` is still the same stop, in milliseconds. A negative time means never. */
export type SameForMs<Cause> = (cause: Cause, first: Cause) => number

/** Tells one stop that arrives several times from a deliberate second stop. */
export class StopRule<Cause> {
  readonly #sameForMs: SameForMs<Cause>
  readonly #startClock: () => () => number
  #first: { cause: Cause; elapsedMs: () => number } | undefined

  constructor(sameForMs: SameForMs<Cause>, startClock = () => startRunningTime(sameSignalForMs.SIGTERM)) {
    this.#sameForMs = sameForMs
    this.#startClock = startClock
  }

  judge(cause: Cause): StopVerdict {
    const first = this.#first
    if (first === undefined) {
      this.#first = { cause, elapsedMs: this.#startClock() }
      return 'drain'
    }
    return first.elapsedMs() <= this.#sameForMs(cause, first.cause) ? 'same' : 'cut'
  }
}
