import type { RegisteredDrain } from './registered-drain.ts'
import type { Group } from './registration-name.ts'

/** Computes how long before the deadline each piece of work is cut: the time that everything that waits for it needs after it. */
export class Reserves {
  readonly #needs = new Map<RegisteredDrain | Group, number>()

  /** @param drains in the order of registration, in which work waits only for earlier work */
  constructor(drains: readonly RegisteredDrain[], defaultMs: number) {
    for (const drain of drains.toReversed()) {
      const needed = (drain.reserveMs ?? defaultMs) + this.of(drain)
      for (const work of drain.after) this.#needs.set(work, Math.max(this.#needs.get(work) ?? 0, needed))
    }
  }

  of(drain: RegisteredDrain): number {
    const own = this.#needs.get(drain) ?? 0
    return drain.isServer ? Math.max(own, this.#needs.get('servers') ?? 0) : own
  }

  get ofTasks(): number {
    return this.#needs.get('tasks') ?? 0
  }
}
