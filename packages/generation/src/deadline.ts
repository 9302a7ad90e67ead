import type { System } from './system.ts'

/** A point in time after which something is done, unless it is cleared or put off. */
export class Deadline {
  readonly #system: System
  readonly #onPassed: () => void
  #from = 0
  #at = 0
  #timer: Disposable | undefined

  constructor(system: System, onPassed: () => void) {
    this.#system = system
    this.#onPassed = onPassed
  }

  get armed(): boolean {
    return this.#timer !== undefined
  }

  /** From when it was armed to when it passes or passed, what it was put off by included. */
  get lengthMs(): number {
    return Math.round(this.#at - this.#from)
  }

  arm(ms: number): void {
    this.#from = this.#system.now()
    this.#passIn(ms)
  }

  /** Puts it off to `ms` from now; never brings it forward (sd_notify(3), EXTEND_TIMEOUT_USEC). */
  extend(ms: number): void {
    if (this.armed && this.#system.now() + ms > this.#at) this.#passIn(ms)
  }

  clear(): void {
    this.#timer?.[Symbol.dispose]()
    this.#timer = undefined
  }

  #passIn(ms: number): void {
    this.clear()
    this.#at = this.#system.now() + ms
    this.#timer = this.#system.timer(ms, () => {
      this.#timer = undefined
      this.#onPassed()
    })
  }
}
