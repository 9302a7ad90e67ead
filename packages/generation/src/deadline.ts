import type { System, Timer } from './system.ts'

/** The end of a time in which this process runs. Then something is done, unless it is cleared or put off. */
export class Deadline {
  readonly #system: System
  readonly #onPassed: () => void
  readonly #readFirst: () => void
  #lengthMs = 0
  #timer: Timer | undefined

  /**
   * @param readFirst runs when the time is over, before `onPassed`. It reads queued messages, which may still clear or extend the
   * deadline. After a pause of the process, such messages wait in a queue.
   */
  constructor(system: System, onPassed: () => void, readFirst: () => void = () => {}) {
    this.#system = system
    this.#onPassed = onPassed
    this.#readFirst = readFirst
  }

  get armed(): boolean {
    return this.#timer !== undefined
  }

  /** The time from arming to the end, in milliseconds, with all extensions. */
  get lengthMs(): number {
    return Math.round(this.#lengthMs)
  }

  arm(ms: number): void {
    this.#lengthMs = ms
    this.#passAfter(ms)
  }

  /** Extends the deadline to `ms` from now. Never shortens it (sd_notify(3), EXTEND_TIMEOUT_USEC). */
  extend(ms: number): void {
    if (this.#timer === undefined || ms <= this.#timer.leftMs) return
    this.#lengthMs += ms - this.#timer.leftMs
    this.#passAfter(ms)
  }

  clear(): void {
    this.#timer?.[Symbol.dispose]()
    this.#timer = undefined
  }

  #passAfter(ms: number): void {
    this.clear()
    const timer = this.#system.timer(ms, () => {
      this.#readFirst()
      if (this.#timer !== timer) return
      this.#timer = undefined
      this.#onPassed()
    })
    this.#timer = timer
  }
}
