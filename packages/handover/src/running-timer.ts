/** How far apart two looks at the clock are, in milliseconds. */
const longestTickMs = 1_000

/** A tick that comes this late, in milliseconds, tells that the process did not run meanwhile. */
const pausedMs = 1_000

/**
 * Measures the time for which this process runs. Time for which it was stopped (SIGSTOP, a frozen cgroup, a suspended
 * machine) does not count. The event loop turns once more before the end is announced, so that what the kernel has queued
 * meanwhile is read first.
 */
export class RunningTimer implements Disposable {
  readonly #onOver: () => void
  #leftMs: number
  #timer: NodeJS.Timeout | undefined
  #turn: NodeJS.Immediate | undefined

  constructor(timeoutMs: number, onOver: () => void) {
    this.#leftMs = timeoutMs
    this.#onOver = onOver
    this.#tick()
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer)
    clearImmediate(this.#turn)
  }

  #tick(): void {
    const tickMs = Math.min(this.#leftMs, longestTickMs)
    const dueAt = performance.now() + tickMs
    this.#timer = setTimeout(() => {
      if (performance.now() < dueAt + pausedMs) this.#leftMs -= tickMs
      if (this.#leftMs > 0) this.#tick()
      else this.#readFirst()
    }, tickMs)
  }

  /** The first turn ends the one under way, the second one is whole. */
  #readFirst(): void {
    this.#turn = setImmediate(() => {
      this.#turn = setImmediate(this.#onOver)
    })
  }
}
