import { setMaxListeners } from 'node:events'
import { ShutdownCoordinationError } from './shutdown-coordination-error.ts'

/** Keeps the time of one shutdown: its deadline, and the earlier moments at which some work is given up. */
export class ShutdownTime {
  /** Aborts when the time is up. */
  readonly deadline: AbortSignal
  readonly #timeUp = new AbortController()
  readonly #timers = new Set<NodeJS.Timeout>()
  #drainTimeoutMs = 0
  #endsAt = Number.POSITIVE_INFINITY
  #isOver = false

  constructor() {
    this.deadline = this.#timeUp.signal
    // Thousands of tasks may listen. Node suspects a leak from ten on.
    setMaxListeners(0, this.deadline)
  }

  begin(drainTimeoutMs: number): void {
    this.#drainTimeoutMs = drainTimeoutMs
    this.#endsAt = performance.now() + drainTimeoutMs
    this.#at(this.#endsAt, () => this.cut(`did not finish within ${drainTimeoutMs} ms`))
  }

  /** Ends the time now, unless the shutdown is over. */
  cut(why: string): void {
    if (!this.#isOver) this.#timeUp.abort(new ShutdownCoordinationError('ERR_DEADLINE', why))
  }

  /** The time that one piece of work keeps for itself by default, in milliseconds. */
  get defaultReserveMs(): number {
    return Math.min(1_000, this.#drainTimeoutMs / 10)
  }

  /** Aborts `reserveMs` before the deadline, which leaves the work before it at least half of the time. */
  before(reserveMs: number): AbortSignal {
    if (reserveMs === 0 || this.deadline.aborted) return this.deadline
    const controller = new AbortController()
    setMaxListeners(0, controller.signal)
    const giveUpMs = Math.max(this.#drainTimeoutMs - reserveMs, this.#drainTimeoutMs / 2)
    const reason = new ShutdownCoordinationError(
      'ERR_DEADLINE',
      `did not finish within ${Math.round(giveUpMs)} ms. The rest of the time is for the work that waits for it`,
    )
    this.#at(this.#endsAt - this.#drainTimeoutMs + giveUpMs, () => controller.abort(reason))
    this.deadline.addEventListener('abort', () => controller.abort(this.deadline.reason), { once: true })
    return controller.signal
  }

  /** Stops the timers, so that nothing aborts any more. */
  end(): void {
    this.#isOver = true
    for (const timer of this.#timers) clearTimeout(timer)
  }

  #at(time: number, act: () => void): void {
    // A timer drops fractions of a millisecond.
    this.#timers.add(setTimeout(act, Math.max(0, Math.ceil(time - performance.now()))))
  }
}
