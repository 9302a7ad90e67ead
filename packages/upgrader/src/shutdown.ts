import type { FdStore } from '@shellflip/fd-store'
import { longestTimerMs } from '@shellflip/internal'
import type { MoveConnections, ShutdownCoordinator, ShutdownReport } from '@shellflip/shutdown-coordination'
import type { ServingSuccessor } from './carrier/serving-successor.ts'
import type { FlipEnd } from './outcome.ts'
import type { ServiceParts, ServiceResources } from './service-resources.ts'

/** How long the program's own cleanup may take after its work was cut, in milliseconds. */
const farewellMs = 1_000

/** Shuts this process down: notifies the manager, hands resources on, and limits the time of work in flight. */
export class Shutdown {
  readonly #parts: ServiceParts
  readonly #resources: ServiceResources
  readonly #coordinator: ShutdownCoordinator

  constructor(parts: ServiceParts, resources: ServiceResources, coordinator: ShutdownCoordinator) {
    this.#parts = parts
    this.#resources = resources
    this.#coordinator = coordinator
  }

  /** Shuts down after a successor serves. `told` resolves when the service manager knows it. */
  async upgraded(successor: ServingSuccessor, told: Promise<void>): Promise<FlipEnd> {
    const { pid } = successor
    const moveConnections = successor.mover(this.#resources.connections)
    const answered = this.#resources.leave()
    this.#exitAfterDrain()
    const report = await this.#drain(`upgraded to pid ${pid}`, moveConnections)
    await Promise.all([told, answered])
    // A pid file at the same path holds the successor's pid by now, and stays.
    this.#resources.end()
    return { type: 'upgraded', pid, report }
  }

  /** Stops a process that served. No process serves after it. */
  async stopped(reason: string): Promise<FlipEnd> {
    this.#exitAfterDrain()
    return this.#close(reason, this.#parts.manager.stopping())
  }

  /** Stops a process that has never served. Its predecessor continues, if there is one that has not let go. */
  async stoppedUnready(reason: string): Promise<FlipEnd> {
    const { predecessor, manager } = this.#parts
    predecessor.refuse(`stopped: ${reason}`)
    exitAfter(farewellMs)
    // The manager must not be told of a stop if the service continues.
    const isItsEnd = predecessor.identity === undefined || predecessor.committed
    return this.#close(reason, isItsEnd ? manager.stopping() : undefined)
  }

  /** Stops, and leaves everything in the store. The next instance serves, and finds it there. */
  async stored(reason: string, store: FdStore): Promise<FlipEnd> {
    const told = this.#parts.manager.stopping()
    const answered = this.#resources.leave()
    const report = await this.#drain(reason)
    await this.#resources.saveInStore(store)
    await Promise.all([told, answered])
    this.#resources.end()
    exitAfter(farewellMs)
    return { type: 'stored', reason, report }
  }

  async #close(reason: string, told: Promise<void> | undefined): Promise<FlipEnd> {
    const answered = this.#resources.close()
    const report = await this.#drain(reason)
    await Promise.all([told, answered])
    this.#resources.end()
    return { type: 'stopped', reason, report }
  }

  #drain(reason: string, moveConnections?: MoveConnections): Promise<ShutdownReport> {
    this.#parts.events.emit({ type: 'draining', reason })
    return this.#coordinator.shutdown({ reason, ...(moveConnections && { moveConnections }) })
  }

  #exitAfterDrain(): void {
    exitAfter(this.#parts.options.drainTimeoutMs + farewellMs)
    const { deadline } = this.#coordinator
    // Sooner, if an immediate stop is requested.
    if (deadline.aborted) exitAfter(farewellMs)
    else deadline.addEventListener('abort', () => exitAfter(farewellMs))
  }
}

/** Exits after this time. Whatever of the program still keeps the process alive ends with it. */
function exitAfter(milliseconds: number): void {
  setTimeout(() => process.exit(), Math.min(milliseconds, longestTimerMs)).unref()
}
