/** A timer looks at the clock this many times before it ends, and once a second at least. */
const ticks = 8
const shortestTickMs = 5
const longestTickMs = 1_000

/**
 * Measures the time for which this process runs. It does not count the time for which the process was stopped: by SIGSTOP,
 * a frozen cgroup or a suspended machine. Whatever was frozen with it gets its time too.
 *
 * The event loop turns once more before the timer ends, so that the process first reads what the kernel has queued.
 */
export class RunningTimer implements Disposable {
  readonly #onOver: () => void
  readonly #tickMs: number
  /** The time that was left at the last look. */
  #leftMs: number
  #lookedAt = 0
  #skipped = false
  #timer: NodeJS.Timeout | undefined
  #turn: NodeJS.Immediate | undefined

  constructor(timeoutMs: number, onOver: () => void) {
    this.#leftMs = Math.max(0, timeoutMs)
    this.#tickMs = Math.min(Math.max(Math.ceil(this.#leftMs / ticks), shortestTickMs), longestTickMs)
    this.#onOver = onOver
    this.#tick()
  }

  /** The time that is left, in milliseconds. */
  get leftMs(): number {
    return Math.max(0, this.#leftMs - Math.min(performance.now() - this.#lookedAt, this.#tickMs))
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer)
    clearImmediate(this.#turn)
  }

  #tick(): void {
    const tickMs = Math.min(this.#leftMs, this.#tickMs)
    this.#lookedAt = performance.now()
    this.#timer = setTimeout(() => {
      const lateMs = performance.now() - this.#lookedAt - tickMs
      // A tick that is late by another tick shows a pause. A machine that is merely slow has such ticks in a row, and a timer must end on
      // it too.
      this.#skipped = lateMs > this.#tickMs && !this.#skipped
      if (!this.#skipped) this.#leftMs -= tickMs
      if (this.#leftMs > 0) this.#tick()
      else this.#readFirst()
    }, tickMs)
  }

  /** The first turn ends the current one. The second one is a whole turn. */
  #readFirst(): void {
    this.#turn = setImmediate(() => {
      this.#turn = setImmediate(this.#onOver)
    })
  }
}
