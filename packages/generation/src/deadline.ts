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
    this.#passAt(this.#from + ms)
  }

  /** Puts it off to `ms` from now; never brings it forward (sd_notify(3), EXTEND_TIMEOUT_USEC). */
  extend(ms: number): void {
    const at = this.#system.now() + ms
    if (this.armed && at > this.#at) this.#passAt(at)
  }

  clear(): void {
    this.#timer?.[Symbol.dispose]()
    this.#timer = undefined
  }

  #passAt(at: number): void {
    this.clear()
    this.#at = at
    this.#timer = this.#system.timer(at - this.#system.now(), () => {
      this.#timer = undefined
      this.#onPassed()
    })
  }
}
