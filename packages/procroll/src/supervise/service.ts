import type { RollingSupervisor } from '@shellflip/rolling-supervisor'
import type { Supervised } from '../control/answer.ts'
import type { Status } from '../control/status.ts'
import { reportStatus, type SupervisorIdentity } from '../control/status-report.ts'

/** The supervisor from before it exists: signals and the control socket reach it at any time. */
export class Service implements Supervised {
  readonly started: Promise<RollingSupervisor>
  readonly #identity: SupervisorIdentity
  readonly #since = new Date()
  readonly #ending = new AbortController()
  readonly #hurrying = new AbortController()
  #tellStarted: (supervisor: RollingSupervisor) => void = () => {}
  #supervisor: RollingSupervisor | undefined

  constructor(identity: SupervisorIdentity) {
    this.#identity = identity
    this.started = new Promise((resolve) => {
      this.#tellStarted = resolve
    })
  }

  /** Aborted once it was asked to end. */
  get ending(): AbortSignal {
    return this.#ending.signal
  }

  /** Aborted once it was asked so twice: no more time for anyone. */
  get hurrying(): AbortSignal {
    return this.#hurrying.signal
  }

  start(supervisor: RollingSupervisor): void {
    this.#supervisor = supervisor
    supervisor.start()
    this.#tellStarted(supervisor)
  }

  roll(): void {
    void this.started.then((supervisor) => supervisor.roll())
  }

  /** Asks it to end; called again, it kills. */
  stop(): void {
    if (this.ending.aborted) this.#hurrying.abort()
    this.#ending.abort()
    this.#supervisor?.stop()
  }

  status(): Status {
    return reportStatus(
      this.#identity,
      this.#supervisor?.status() ?? {
        state: this.ending.aborted ? 'stopping' : 'starting',
        pid: process.pid,
        since: this.#since,
        generations: [],
        listeners: [],
      },
    )
  }
}
