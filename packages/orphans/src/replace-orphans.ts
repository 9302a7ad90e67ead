import { asError, callListener } from '@shellflip/internal'
import type { SupervisorEvent, SupervisorExit } from '@shellflip/rolling-supervisor'
import type { OrphansEvent } from './events.ts'
import { nameOf } from './find-orphans.ts'
import type { LeftBehind } from './left-behind.ts'

/**
 * Treats orphans like a predecessor: they drain when the first generation serves. A generation that cannot start leaves
 * them serving, and their record for the next try.
 */
export class Replacement {
  readonly #left: LeftBehind
  readonly #onEnded: () => void
  readonly #onEvent: ((event: OrphansEvent) => void) | undefined
  #draining: Promise<void> | undefined

  /** @param onEnded called once they have ended */
  constructor(left: LeftBehind, onEnded: () => void, onEvent: ((event: OrphansEvent) => void) | undefined) {
    this.#left = left
    this.#onEnded = onEnded
    this.#onEvent = onEvent
  }

  observe({ type }: SupervisorEvent): void {
    if (type !== 'promoted' || this.#draining !== undefined) return
    for (const orphan of this.#left.orphans()) {
      callListener(this.#onEvent, { type: 'orphan-draining', ...nameOf(orphan) })
    }
    void this.#drain()
  }

  /** Resolves once the supervisor's end is the orphans' as well: whether one of them serves on. */
  async over({ type }: SupervisorExit): Promise<boolean> {
    if (type === 'stopped') await this.#drain()
    else await this.#draining
    const orphans = this.#left.orphans()
    for (const orphan of orphans) {
      callListener(this.#onEvent, { type: 'orphan-serves-on', ...nameOf(orphan) })
    }
    return orphans.length > 0
  }

  #drain(): Promise<void> {
    this.#draining ??= this.#left
      .end()
      .then(this.#onEnded, (error) =>
        callListener(this.#onEvent, { type: 'orphan-stays', error: asError(error) }),
      )
    return this.#draining
  }
}
