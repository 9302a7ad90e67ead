import { callListener, type OptionTypes, optionFault, StopRule, show } from '@shellflip/internal'
import type { RollingSupervisor } from '@shellflip/rolling-supervisor'
import type { Supervised } from './answer.ts'
import type { StopEvent } from './events.ts'
import type { Status } from './status.ts'
import { reportStatus } from './status-report.ts'
import { type StopCause, sameStopForMs } from './stop-cause.ts'
import { throwIfFaulty } from './supervisor-control-error.ts'

export type ControlledSupervisorOptions = {
  /** The name of the supervisor for people, as its status shows it. */
  name: string
  /** The version of the program that supervises, as its status shows it. */
  version: string
  /** The command of the service, as its status shows it. */
  command: readonly string[]
  /** Receives each request to stop. If it throws, the stop continues and the process emits a warning. */
  onEvent?: (event: StopEvent) => void
}

const optionTypes = {
  name: 'string',
  version: 'string',
  command: 'any',
  onEvent: 'function',
} as const satisfies OptionTypes<keyof ControlledSupervisorOptions>

/**
 * Stands for a supervisor before it exists too. Signals and the control socket reach it at any time: a roll waits for the start, a stop
 * prevents it.
 */
export class ControlledSupervisor implements Supervised {
  /** Resolves once the supervisor has started. */
  readonly started: Promise<RollingSupervisor>
  readonly #options: ControlledSupervisorOptions
  readonly #since = new Date()
  readonly #stopping = new AbortController()
  readonly #hurrying = new AbortController()
  readonly #stopRule = new StopRule(sameStopForMs)
  #reportStarted: (supervisor: RollingSupervisor) => void = () => {}
  #supervisor: RollingSupervisor | undefined

  /** @throws {SupervisorControlError} ERR_INVALID_ARGUMENT */
  constructor(options: ControlledSupervisorOptions) {
    checkOptions(options)
    this.#options = options
    this.started = new Promise((resolve) => {
      this.#reportStarted = resolve
    })
  }

  /** Aborted by the first stop. */
  get stopping(): AbortSignal {
    return this.#stopping.signal
  }

  /** Aborted when the drain is cut short. */
  get hurrying(): AbortSignal {
    return this.#hurrying.signal
  }

  /** Starts the supervisor, and passes every request to it from now on. */
  start(supervisor: RollingSupervisor): void {
    this.#supervisor = supervisor
    supervisor.start()
    this.#reportStarted(supervisor)
  }

  roll(): void {
    void this.started.then((supervisor) => supervisor.roll())
  }

  /** Stops the service, or cuts its drain short, as the rule for repeated stops decides. */
  stop(cause: StopCause): void {
    const judged = this.#stopRule.judge(cause)
    const verdict = cause === 'request-now' ? 'cut' : judged
    callListener(this.#options.onEvent, { type: 'stop-requested', verdict, cause })
    if (verdict === 'same') return
    this.#stopping.abort()
    if (verdict === 'cut') this.#hurrying.abort()
    const supervisor = this.#supervisor
    // A supervisor that stops already, because it gave up, takes a stop as the second one.
    if (supervisor?.status().state !== 'stopping') void supervisor?.stop()
    if (verdict === 'cut') void supervisor?.stop()
  }

  status(): Status {
    return reportStatus(
      this.#options,
      this.#supervisor?.status() ?? {
        state: this.stopping.aborted ? 'stopping' : 'starting',
        pid: process.pid,
        since: this.#since,
        generations: [],
        listeners: [],
      },
    )
  }
}

function checkOptions(options: ControlledSupervisorOptions): void {
  const what = 'new ControlledSupervisor()'
  throwIfFaulty(optionFault(what, options, optionTypes))
  for (const name of ['name', 'version', 'command'] as const) {
    if (options[name] === undefined) throwIfFaulty(`${what} needs the option "${name}".`)
  }
  const { command } = options
  if (Array.isArray(command) && command.every((word) => typeof word === 'string')) return
  throwIfFaulty(`${what}: command must be a list of strings, not ${show(command)}.`)
}
