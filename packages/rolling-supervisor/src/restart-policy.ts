import type { GenerationFailure } from '@shellflip/generation'

/** The policy for a serving generation that ends unasked. */
export type RestartMode =
  /** Starts a new one, unless it ended with exit status 0. Then the supervisor ends with 0 as well. */
  | 'on-failure'
  /** A new one is started, whatever its exit status. */
  | 'always'
  /** The supervisor ends, with its exit status. */
  | 'never'

export type RestartVerdict =
  | { type: 'restart'; delayMs: number }
  | { type: 'give-up'; why: string }
  | { type: 'end' }

const firstDelayMs = 100
const longestDelayMs = 10_000
const windowMs = 60_000
const restartsInWindow = 5

/** Decides on restarts. The delay doubles from one restart to the next. More than 5 in a minute are too many. */
export class RestartPolicy {
  readonly #mode: RestartMode
  #restarts: number[] = []
  #nextDelayMs = firstDelayMs

  constructor(mode: RestartMode) {
    this.#mode = mode
  }

  /** Forgets the restarts until now, as a service requests by RESTART_RESET=1. */
  reset(): void {
    this.#restarts = []
  }

  /** Judges a generation's end at `now`, a monotonic time in milliseconds. A `restart` is counted. */
  judge(failure: GenerationFailure, now: number): RestartVerdict {
    if (this.#mode === 'never') return { type: 'end' }
    if (this.#mode === 'on-failure' && isCleanEnd(failure)) return { type: 'end' }

    this.#restarts = this.#restarts.filter((at) => now - at < windowMs)
    if (this.#restarts.length >= restartsInWindow) {
      return { type: 'give-up', why: `more than ${restartsInWindow} restarts within ${windowMs / 1000}s` }
    }
    if (this.#restarts.length === 0) this.#nextDelayMs = firstDelayMs
    const delayMs = this.#nextDelayMs
    this.#restarts.push(now)
    this.#nextDelayMs = Math.min(delayMs * 2, longestDelayMs)
    return { type: 'restart', delayMs }
  }
}

/** An exit before readiness has failed, whatever its status. */
function isCleanEnd(failure: GenerationFailure): boolean {
  return failure.type === 'exited' && failure.code === 0 && !failure.beforeReady
}
