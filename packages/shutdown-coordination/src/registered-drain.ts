import type { MoveConnections } from './connection-moves.ts'
import type { DrainContext } from './drainable.ts'
import type { Group } from './registration-name.ts'
import { ServerDrain } from './server-drain.ts'

/** The shutdown that a piece of work is part of. */
export type WorkContext = DrainContext & {
  /** Gives a connection to another process, if this shutdown has one. */
  readonly moveConnections?: MoveConnections | undefined
}

/** Work of the program, or a server. */
export interface ShutdownWork {
  drain(context: WorkContext): Promise<unknown>
}

/** One piece of work of a shutdown, from its registration until it is over. */
export class RegisteredDrain {
  readonly name: string
  readonly work: ShutdownWork
  /** The work registered before this one. Names do not suffice: work can be taken back, and its name given to another. */
  readonly after: readonly (RegisteredDrain | Group)[]
  readonly reserveMs: number | undefined
  #phase: 'waiting' | 'running' | 'over' = 'waiting'
  #signal: AbortSignal | undefined
  #isRemoved = false

  constructor(
    name: string,
    work: ShutdownWork,
    after: readonly (RegisteredDrain | Group)[],
    reserveMs: number | undefined,
  ) {
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

  /** Whether no work waits for it any more: it is over, or its time is up, or it was taken back. */
  get isSettled(): boolean {
    return this.#isRemoved || this.isOver || (this.#phase === 'running' && this.#signal?.aborted === true)
  }

  remove(): void {
    this.#isRemoved = true
  }

  /** Rejects with the error of the work. */
  async start(context: WorkContext): Promise<void> {
    this.#phase = 'running'
    this.#signal = context.signal
    try {
      await this.work.drain(context)
    } finally {
      this.#phase = 'over'
    }
  }
}
