import type { ShutdownCoordinator } from '@shellflip/shutdown-coordination'
import type { BecomingReady } from './becoming-ready.ts'
import type { FinalDrain } from './final-drain.ts'
import type { FlipLife } from './flip-life.ts'
import type { FlipParts } from './flip-parts.ts'
import type { FlipPhase } from './flip-table.ts'
import { type StopCause, Stops } from './stop-signals.ts'

export type StoppingContext = {
  readonly life: FlipLife
  readonly readiness: BecomingReady
  readonly drain: FinalDrain
  readonly coordinator: ShutdownCoordinator
}

/** Takes the requests to stop: a signal, a message of the parent, or a call of the program. */
export class Stopping {
  readonly #parts: FlipParts
  readonly #context: StoppingContext
  readonly #stops = new Stops()
  #isDeferred = false
  #reason: string | undefined

  constructor(parts: FlipParts, context: StoppingContext) {
    this.#parts = parts
    this.#context = context
    void context.drain.done.then(() => this.#stops.over())
  }

  /** The reason of the first stop. An upgrade that is under way ends before the stop begins. */
  get reason(): string | undefined {
    return this.#reason
  }

  /** Whether this process stops already, or has a successor. Then a further stop would cut its drain. */
  get hasBegun(): boolean {
    return this.#isDeferred || !['preparing', 'serving', 'upgrading'].includes(this.#context.life.phase)
  }

  /**
   * Stops the service, unless the request belongs to a stop that has begun. A deliberate second stop cuts the drain.
   *
   * @param isEmitted whether the program emitted the event of a signal, and no process sent one
   */
  request(cause: StopCause, reason: string, isEmitted = false): void {
    if (this.#stops.isNew(cause, isEmitted)) this.#stop(reason)
  }

  #stop(reason: string): void {
    if (this.#parts.predecessor.deciding) {
      this.#stopWhenDecided(reason)
      return
    }
    const { life, drain, coordinator } = this.#context
    const from = life.phase
    this.#reason ??= reason
    if (drain.nobodyServes) {
      this.#stopUnserved(from)
      return
    }
    const action = life.happen('stop')
    if (action === 'drain') drain.afterStop(reason, from)
    if (action === 'end') void coordinator.shutdownNow()
  }

  /**
   * Waits for the predecessor, which decides at this moment which process serves. A predecessor that is stopped (SIGSTOP) may never decide.
   * A second stop, or the drain deadline, ends this process. Then the predecessor continues, if it can.
   */
  #stopWhenDecided(reason: string): void {
    if (this.#isDeferred) process.exit()
    this.#isDeferred = true
    const limit = setTimeout(() => process.exit(), this.#parts.options.drainTimeoutMs).unref()
    void this.#context.readiness.settled().then(() => {
      clearTimeout(limit)
      this.#stop(reason)
    })
  }

  /**
   * Ends the drain at once if no process serves any more. systemd tells all processes of a service to stop. When the main process has
   * exited, it signals those that are left again, and that ends the drain. If the main process crashed, the first such signal comes after
   * its exit. systemd then starts the service again when this process has exited.
   */
  #stopUnserved(from: FlipPhase): void {
    if (from === 'draining') void this.#context.coordinator.shutdownNow()
  }
}
