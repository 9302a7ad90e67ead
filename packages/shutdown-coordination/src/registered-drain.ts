import type { Drainable } from './drainable.ts'
import { ServerDrain } from './server-drain.ts'

/** One piece of work of a shutdown, from its registration until it is over. */
export class RegisteredDrain {
  readonly name: string
  readonly work: Drainable
  readonly after: readonly string[]
  readonly reserveMs: number | undefined
  #phase: 'waiting' | 'running' | 'over' = 'waiting'
  #signal: AbortSignal | undefined

  constructor(name: string, work: Drainable, after: readonly string[], reserveMs: number | undefined) {
    this.name = name
    this.work = work
    this.after = after
    this.reserveMs = reserveMs
  }

  get isServer(): boolean {
    return this.work instanceof ServerDrain
  }

  get isWaiting(): boolean {
    return this.#phase === 'waiting'
  }

  get isOver(): boolean {
    return this.#phase === 'over'
  }

  /** Whether nothing waits for it any more: it is over, or its time is. */
  get isSettled(): boolean {
    return this.isOver || (this.#phase === 'running' && this.#signal?.aborted === true)
  }

  waitsFor({ name, isServer }: { name: string; isServer: boolean }): boolean {
    return this.after.includes(name) || (isServer && this.after.includes('servers'))
  }

  /** Rejects with the error of the work. */
  async start(signal: AbortSignal): Promise<void> {
    this.#phase = 'running'
    this.#signal = signal
    try {
      await this.work.drain({ signal })
    } finally {
      this.#phase = 'over'
    }
  }
}
