import { deferred } from '@shellflip/internal'
import { activeResources } from './active-resources.ts'
import type { ServingSuccessor } from './carrier/serving-successor.ts'
import type { FlipLife } from './flip-life.ts'
import type { FlipParts } from './flip-parts.ts'
import type { FlipPhase } from './flip-table.ts'
import type { FlipEnd } from './outcome.ts'
import type { Shutdown } from './shutdown.ts'

/** The delay after the drain before a report of what still keeps the process alive, in milliseconds. */
const keptAliveMs = 1_000

/** Drains this process at the end of its part in the service. */
export class FinalDrain {
  readonly #parts: FlipParts
  readonly #life: FlipLife
  readonly #shutdown: Shutdown
  readonly #done = deferred<FlipEnd>()
  #nobodyServes = false

  constructor(parts: FlipParts, life: FlipLife, shutdown: Shutdown) {
    this.#parts = parts
    this.#life = life
    this.#shutdown = shutdown
  }

  /** Resolves when none of this process's work is left. */
  get done(): Promise<FlipEnd> {
    return this.#done.promise
  }

  /** Whether the successor of this process has exited, and no other one has followed. */
  get nobodyServes(): boolean {
    return this.#nobodyServes
  }

  /** Leaves the service to the successor, which serves. */
  afterUpgrade(successor: ServingSuccessor, told: Promise<void>): void {
    const nobodyServes = () => {
      this.#nobodyServes = true
    }
    // A rejection means that this is unknown: another process may serve.
    const keptAliveBy = () => (this.#life.phase === 'over' ? activeResources() : undefined)
    successor.gone(this.#parts.older, keptAliveBy).then(nobodyServes, () => {})
    void this.#end(this.#shutdown.upgraded(successor, told))
  }

  /** Stops the service, because no successor of this process serves. */
  afterStop(reason: string, from: FlipPhase): void {
    const { predecessor, carrier } = this.#parts
    if (from === 'preparing' && !predecessor.committed) void this.#end(this.#shutdown.stoppedUnready(reason))
    else void this.#end(carrier.stop(this.#shutdown, reason))
  }

  async #end(draining: Promise<FlipEnd>): Promise<void> {
    const end = await draining
    this.#life.happen('drained')
    const { manager, parent, events } = this.#parts
    manager.close()
    parent?.leave()
    events.emit({ type: 'drained', report: end.report })
    events.end()
    setTimeout(() => events.emit({ type: 'kept-alive', resources: activeResources() }), keptAliveMs).unref()
    this.#done.resolve(end)
  }
}
