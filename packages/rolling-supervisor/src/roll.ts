import { describeFailure, type GenerationFailure } from '@shellflip/generation'
import { deferred } from '@shellflip/internal'

/** The outcome of a roll. `elapsedMs` counts from the moment it began. */
export type RollOutcome =
  | { type: 'rolled'; generation: number; pid: number; elapsedMs: number }
  /** The generation that served continues to serve. */
  | { type: 'failed'; generation: number; failure: GenerationFailure; elapsedMs: number }
  /** The supervisor was stopping: nothing was started. */
  | { type: 'refused'; reason: 'stopping' }

/** Describes an outcome: `generation 4 ready (pid 812) in 412 ms`. */
export function describeRoll(outcome: RollOutcome): string {
  switch (outcome.type) {
    case 'rolled':
      return `generation ${outcome.generation} ready (pid ${outcome.pid}) in ${outcome.elapsedMs} ms`
    case 'failed':
      return `generation ${outcome.generation} failed: ${describeFailure(outcome.failure)}`
    case 'refused':
      return 'not rolled: the supervisor is stopping'
  }
}

type Roll = { outcome: Promise<RollOutcome>; settle: (outcome: RollOutcome) => void }

/** The roll in progress and the one that waits for it. All requesters of one roll get the same outcome. */
export class Rolls {
  /** The outcome of the last roll. */
  last: RollOutcome | undefined
  #queued: Roll | undefined
  #current: (Roll & { startedAt: number }) | undefined

  get queued(): boolean {
    return this.#queued !== undefined
  }

  get underWay(): boolean {
    return this.#current !== undefined
  }

  /** Requests a roll that begins after this call. */
  ask(): Promise<RollOutcome> {
    this.#queued ??= newRoll()
    return this.#queued.outcome
  }

  /** Begins the queued roll, if one waits. Returns whether it did. */
  begin(now: number): boolean {
    if (this.#queued === undefined) return false
    this.#current = { ...this.#queued, startedAt: now }
    this.#queued = undefined
    return true
  }

  /** Ends the roll in progress and returns its outcome, or undefined if none runs. `tell` reports the outcome to the requesters. */
  end(
    now: number,
    outcomeAfter: (elapsedMs: number) => RollOutcome,
  ): { outcome: RollOutcome; tell: () => void } | undefined {
    const roll = this.#current
    if (roll === undefined) return undefined
    this.#current = undefined
    const outcome = outcomeAfter(Math.round(now - roll.startedAt))
    this.last = outcome
    return { outcome, tell: () => roll.settle(outcome) }
  }

  /** Refuses the roll that waits, and reports that to its requesters. Called when the supervisor stops. */
  refuse(): void {
    this.#queued?.settle({ type: 'refused', reason: 'stopping' })
    this.#queued = undefined
  }
}

function newRoll(): Roll {
  const { promise, resolve } = deferred<RollOutcome>()
  return { outcome: promise, settle: resolve }
}
