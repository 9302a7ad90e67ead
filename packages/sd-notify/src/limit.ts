import { once } from 'node:events'
import { RunningTimer } from '@shellflip/internal'

/** Limits how long something may take. It does not count the time for which this process is paused. */
export class Limit implements Disposable {
  readonly #over = new AbortController()
  readonly #timer: RunningTimer

  /** @param tooLate makes the error that ends what is not done in time */
  constructor(timeoutMs: number, tooLate: () => Error) {
    this.#timer = new RunningTimer(timeoutMs, () => this.#over.abort(tooLate()))
  }

  /** Aborts when the time is over. */
  get signal(): AbortSignal {
    return this.#over.signal
  }

  get leftMs(): number {
    return this.#timer.leftMs
  }

  /** Waits for a promise, but not longer than the time lasts. */
  async within<T>(promise: Promise<T>): Promise<T> {
    this.signal.throwIfAborted()
    const waiting = new AbortController()
    const over = once(this.signal, 'abort', { signal: waiting.signal }).then(() => {
      throw this.signal.reason
    })
    try {
      return await Promise.race([promise, over])
    } finally {
      over.catch(() => {})
      waiting.abort()
    }
  }

  [Symbol.dispose](): void {
    this.#timer[Symbol.dispose]()
  }
}
