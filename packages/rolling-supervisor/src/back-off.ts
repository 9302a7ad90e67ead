import type { System } from '@shellflip/generation'

/** The processes that the lost generation left get 5 s and then SIGKILL. One that survives this must not stop the service. */
const longestWaitMs = 10_000

/** The delay before a restart. It lasts longer while the lost generation is still being ended. */
export class BackOff implements Disposable {
  readonly delayMs: number
  #isOver = false
  #isLongest = false
  #timer: Disposable

  /** @param onOver runs when the delay is over, and again when nothing may delay the restart any longer */
  constructor(system: System, delayMs: number, onOver: () => void) {
    this.delayMs = delayMs
    this.#timer = system.timer(delayMs, () => {
      this.#isOver = true
      this.#timer = system.timer(longestWaitMs, () => {
        this.#isLongest = true
        onOver()
      })
      onOver()
    })
  }

  mayRetry(isEnded: boolean): boolean {
    return this.#isOver && (isEnded || this.#isLongest)
  }

  [Symbol.dispose](): void {
    this.#timer[Symbol.dispose]()
  }
}
