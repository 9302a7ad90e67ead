import type { FdStore } from '@shellflip/fd-store'
import type { HandoverChannel } from '@shellflip/handover'
import { longestTimerMs } from '@shellflip/internal'
import type { ShutdownCoordinator, ShutdownReport } from '@shellflip/shutdown-coordination'
import type { FlipEnd } from './outcome.ts'
import type { ServiceParts, ServiceResources } from './service-resources.ts'

/** For the program's own farewell after its work was cut, in milliseconds. */
const farewellMs = 1_000

/** How a process's part ends: who is told, to whom the resources goes, and until when work under way may take. */
export class Shutdown {
  readonly #parts: ServiceParts
  readonly #resources: ServiceResources
  readonly #coordinator: ShutdownCoordinator

  constructor(parts: ServiceParts, resources: ServiceResources, coordinator: ShutdownCoordinator) {
    this.#parts = parts
    this.#resources = resources
    this.#coordinator = coordinator
  }

  /** A successor serves, at the other end of the channel. `told`: the service manager knows it. */
  async upgraded(pid: number, channel: HandoverChannel, told: Promise<void>): Promise<FlipEnd> {
    const answered = this.#resources.handOver(channel)
    this.#exitAfterDrain()
    const report = await this.#drain(`upgraded to pid ${pid}`)
    await Promise.all([told, answered])
    // A pid file at the same path holds the successor's pid by now, and stays.
    this.#resources.end()
    return { type: 'upgraded', pid, report }
  }

  /** Nobody serves after this process, which did. */
  async stopped(reason: string): Promise<FlipEnd> {
    this.#exitAfterDrain()
    return this.#close(reason, this.#parts.manager.stopping())
  }

  /** This process has never served: its predecessor goes on, if there is one that has not let go. */
  async stoppedUnready(reason: string): Promise<FlipEnd> {
    const { predecessor, manager } = this.#parts
    predecessor.refuse(`stopped: ${reason}`)
    exitAfter(farewellMs)
    // Of a service that goes on, the manager is not told that it stops.
    const isItsEnd = predecessor.identity === undefined || predecessor.committed
    return this.#close(reason, isItsEnd ? manager.stopping() : undefined)
  }

  /** The next instance serves, and finds everything in the store. */
  async stored(reason: string, store: FdStore): Promise<FlipEnd> {
    const told = this.#parts.manager.stopping()
    const answered = this.#resources.leaveInStore()
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

  #drain(reason: string): Promise<ShutdownReport> {
    this.#parts.emit({ type: 'draining', reason })
    return this.#coordinator.shutdown({ reason })
  }

  #exitAfterDrain(): void {
    exitAfter(this.#parts.options.drainDeadlineMs + farewellMs)
    const { deadline } = this.#coordinator
    // Sooner, if it is asked to end at once.
    if (deadline.aborted) exitAfter(farewellMs)
    else deadline.addEventListener('abort', () => exitAfter(farewellMs))
  }
}

/** What of the program still keeps the process then ends with it. */
function exitAfter(milliseconds: number): void {
  setTimeout(() => process.exit(), Math.min(milliseconds, longestTimerMs)).unref()
}
