import { StopRule, type StopVerdict } from '@shellflip/internal'
import type { RollingSupervisor } from '@shellflip/rolling-supervisor'
import type { Supervised } from '../control/answer.ts'
import type { Status } from '../control/status.ts'
import { reportStatus, type SupervisorIdentity } from '../control/status-report.ts'
import { type StopCause, sameStopForMs } from './stop-rule.ts'

/** Stands for the supervisor before it exists too: signals and the control socket reach it at any time. */
export class Service implements Supervised {
  readonly started: Promise<RollingSupervisor>
  readonly #identity: SupervisorIdentity
  readonly #since = new Date()
  readonly #ending = new AbortController()
  readonly #hurrying = new AbortController()
  readonly #stopRule = new StopRule(sameStopForMs)
  readonly #onStop: (verdict: StopVerdict, cause: StopCause) => void
  #tellStarted: (supervisor: RollingSupervisor) => void = () => {}
  #supervisor: RollingSupervisor | undefined

  constructor(identity: SupervisorIdentity, onStop: (verdict: StopVerdict, cause: StopCause) => void) {
    this.#identity = identity
    this.#onStop = onStop
    this.started = new Promise((resolve) => {
      this.#tellStarted = resolve
    })
  }

  /** Aborted by the first stop. */
  get ending(): AbortSignal {
    return this.#ending.signal
  }

  /** Aborted when the drain is cut short. */
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

  /** Stops the service, or cuts its drain short, as the rule for repeated stops decides. */
  stop(cause: StopCause): void {
    const judged = this.#stopRule.judge(cause)
    const verdict = cause === 'request-now' ? 'cut' : judged
    this.#onStop(verdict, cause)
    if (verdict === 'same') return
    this.#ending.abort()
    if (verdict === 'cut') this.#hurrying.abort()
    const supervisor = this.#supervisor
    // A supervisor that stops already, because it gave up, takes a stop as the second one.
    if (supervisor?.status().state !== 'stopping') void supervisor?.stop()
    if (verdict === 'cut') void supervisor?.stop()
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
