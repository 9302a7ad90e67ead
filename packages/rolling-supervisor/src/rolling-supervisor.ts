import { constants } from 'node:os'
import { join } from 'node:path'
import {
  describeFailure,
  exitStatus,
  Generation,
  type GenerationEvent,
  type GenerationFailure,
  type ManagerReport,
  nodeSystem,
  type System,
} from '@shellflip/generation'
import { deferred, Events } from '@shellflip/internal'
import { BackOff } from './back-off.ts'
import { checkSupervisorOptions } from './check-supervisor-options.ts'
import type { SupervisorEvent, SupervisorExit } from './events.ts'
import { ManagerReports } from './manager-reports.ts'
import { NotifySockets } from './notify-sockets/notify-sockets.ts'
import type { SupervisorOptions } from './options.ts'
import { RestartPolicy } from './restart-policy.ts'
import { type RollOutcome, Rolls } from './roll.ts'
import {
  type SupervisorAction,
  type SupervisorState,
  type SupervisorTrigger,
  supervisorTable,
} from './state-table.ts'
import { describeListener, type GenerationStatus, type SupervisorStatus } from './status.ts'
import { describeSupervisor } from './status-line.ts'
import { SupervisorError } from './supervisor-error.ts'

/**
 * Keeps one generation of a program serving, and rolls to the next one on request. The current generation serves until the next one is
 * ready. `supervisorTable` defines the next step.
 */
export class RollingSupervisor implements AsyncDisposable {
  /** Resolves with the end of the supervisor, once every process is gone. Never rejects. */
  readonly done: Promise<SupervisorExit>
  readonly #resolveDone: (exit: SupervisorExit) => void
  readonly #options: SupervisorOptions
  readonly #system: System
  readonly #policy: RestartPolicy
  readonly #reports: ManagerReports
  readonly #rolls = new Rolls()
  readonly #events = new Events<SupervisorEvent>((error, { type }) => {
    // The listeners learn of it, and not of an error in learning of it.
    if (type !== 'listener-failed') this.#emit({ type: 'listener-failed', event: type, error })
  })
  readonly #since = new Date()
  /** Described while the sockets are open: a status is reported after they are closed as well. */
  readonly #listening: SupervisorStatus['listeners']

  #isStarted = false
  #state: SupervisorState = 'starting'
  /** All that have a process. */
  readonly #generations = new Map<number, Generation>()
  #lastId = 0
  /** The one that serves. */
  #current: Generation | undefined
  /** The one that is being started. */
  #candidate: Generation | undefined
  #everReady = false
  #restartDelayMs = 0
  #backOff: BackOff | undefined
  /** Why a process of the service is left that could not be ended. */
  #givenUp: string | undefined
  #exit: SupervisorExit = { type: 'stopped' }

  /**
   * @param system is the operating system's seam, for tests
   * @throws {SupervisorError} ERR_INVALID_ARGUMENT
   */
  constructor(options: SupervisorOptions, system: System = nodeSystem) {
    checkSupervisorOptions(options)
    this.#options = options
    const { notifyDirectory } = options
    this.#system = notifyDirectory instanceof NotifySockets ? notifyDirectory.lastingOn(system) : system
    this.#listening = (options.listen ?? []).map(describeListener)
    this.#policy = new RestartPolicy(options.restart ?? 'on-failure')
    this.#reports = new ManagerReports(
      options.manager,
      this.#system,
      () => this.#describe(),
      (error) => this.#emit({ type: 'manager-unreachable', error }),
    )
    const { promise, resolve } = deferred<SupervisorExit>()
    this.done = promise
    this.#resolveDone = resolve
  }

  /**
   * Starts the first generation. If that fails, the supervisor ends, and `done` reports why. A second call does nothing. A call after
   * `stop()` does nothing either.
   */
  start(): void {
    if (this.#isStarted || this.#state !== 'starting') return
    this.#isStarted = true
    this.#act('spawn')
    this.#reportStatus()
  }

  /**
   * Rolls to the next generation, and returns the outcome. A call during a start or a roll waits for its end. All calls that wait share
   * one roll and its outcome.
   */
  roll(): Promise<RollOutcome> {
    if (this.#state === 'stopping' || this.#state === 'stopped') {
      return Promise.resolve({ type: 'refused', reason: 'stopping' })
    }
    const outcome = this.#rolls.ask()
    this.#happen('roll')
    return outcome
  }

  /** Stops every generation, and starts no more. A second call kills them. Resolves as {@link done} does, when all have exited. */
  stop(): Promise<SupervisorExit> {
    this.#happen('stop')
    return this.done
  }

  /** Stops as {@link stop}, at the end of an `await using` scope. It never kills generations that are already stopping. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#state !== 'stopping') void this.stop()
    await this.done
  }

  status(): SupervisorStatus {
    return {
      state: this.#state,
      pid: process.pid,
      since: this.#since,
      generations: [...this.#generations.values()].flatMap(describeGeneration),
      ...(this.#rolls.last === undefined ? {} : { lastRoll: this.#rolls.last }),
      listeners: [...this.#listening],
    }
  }

  /** Calls the listener for every event, until the result is disposed of. If it throws or rejects, that is an event `listener-failed`. */
  onEvent(listener: (event: SupervisorEvent) => unknown): Disposable {
    if (typeof listener !== 'function')
      throw new SupervisorError('ERR_INVALID_ARGUMENT', 'onEvent() takes a function.')
    return this.#events.onEvent(listener)
  }

  /** Yields every event from this call on, up to `ended`. */
  events(): AsyncIterable<SupervisorEvent> {
    return this.#events.events()
  }

  #happen(trigger: SupervisorTrigger): void {
    const step = supervisorTable[this.#state][trigger]
    if (step === undefined) return
    if (step.to !== this.#state) {
      this.#state = step.to
      this.#emit({ type: 'state', state: step.to })
    }
    if (step.action !== undefined) this.#act(step.action)
    this.#reportStatus()
  }

  #act(action: SupervisorAction): void {
    const actions: Record<SupervisorAction, () => void> = {
      spawn: () => this.#spawn(),
      promote: () => this.#promote(),
      queue: () => this.#emit({ type: 'roll-queued' }),
      'back-off': () => this.#startBackOff(),
      end: () => this.#end(),
      kill: () => this.#killAll(),
      finish: () => this.#finish(),
    }
    actions[action]()
  }

  #spawn(): void {
    this.#clearBackOff()
    const id = ++this.#lastId
    const { command, notifyDirectory, listen = [], watchdogMs } = this.#options
    const { readyTimeoutMs = 10_000, drainTimeoutMs = 60_000, stopSignal = 'SIGTERM' } = this.#options
    if (this.#rolls.begin(this.#system.now())) {
      this.#reports.reloading()
      this.#emit({ type: 'roll-started', generation: id, readyTimeoutMs })
    }
    const folder = notifyDirectory instanceof NotifySockets ? notifyDirectory.directory : notifyDirectory
    const notifySocket = join(folder, `${id}.sock`)
    const generation = new Generation(
      {
        id,
        launch: () => ({ ...command({ id, notifySocket }), listen }),
        notifySocket,
        readyTimeoutMs,
        drainTimeoutMs,
        stopSignal,
        ...(watchdogMs === undefined ? {} : { watchdogMs }),
        onEvent: (event) => this.#hear(generation, event),
      },
      this.#system,
    )
    this.#generations.set(id, generation)
    this.#candidate = generation
    generation.start()
  }

  #hear(generation: Generation, event: GenerationEvent): void {
    this.#emit({ ...event, type: `generation-${event.type}`, generation: generation.id } as SupervisorEvent)
    switch (event.type) {
      case 'ready':
        if (generation === this.#candidate) this.#happen('ready')
        break
      case 'failed':
        if (generation === this.#candidate) this.#candidateFailed(generation, event.failure)
        else if (generation === this.#current) this.#currentLost(generation, event.failure)
        break
      case 'status':
        if (generation === this.#current) this.#reportStatus()
        break
      case 'extended':
        if (this.#state !== 'serving') this.#reports.extendTimeout(event.ms)
        break
      case 'report':
        if (generation === (this.#current ?? this.#candidate)) this.#passOn(event.report)
        break
      case 'given-up':
        this.#givenUp = `generation ${generation.id} (pid ${event.pid}) cannot be killed. Kill it yourself`
        this.#remove(generation)
        break
      case 'exited':
        this.#remove(generation)
        break
    }
  }

  #remove(generation: Generation): void {
    this.#generations.delete(generation.id)
    this.#reportStatus()
    this.#retryWhenClear()
    if (this.#generations.size === 0) this.#happen('empty')
  }

  #passOn(report: ManagerReport): void {
    if (report.restartReset) this.#policy.reset()
    this.#reports.passOn(report)
  }

  #promote(): void {
    const predecessor = this.#current
    const current = this.#candidate as Generation
    this.#current = current
    this.#candidate = undefined
    this.#emit({
      type: 'promoted',
      generation: current.id,
      ...(predecessor === undefined ? {} : { predecessor: predecessor.id }),
    })
    predecessor?.stop()
    this.#boundDraining()
    if (!this.#everReady) this.#reports.ready()
    this.#everReady = true
    this.#endRoll((elapsedMs) => ({
      type: 'rolled',
      generation: current.id,
      pid: current.pid ?? 0,
      elapsedMs,
    }))
    this.#startQueuedRoll()
  }

  #boundDraining(): void {
    const { maxDraining = 3 } = this.#options
    const ending = [...this.#generations.values()].filter(isEnding)
    for (const oldest of ending.slice(0, Math.max(0, ending.length - maxDraining))) {
      this.#emit({ type: 'draining-too-many', generation: oldest.id, maxDraining })
      oldest.kill()
    }
  }

  #candidateFailed(candidate: Generation, failure: GenerationFailure): void {
    this.#candidate = undefined
    if (this.#state !== 'stopping') {
      this.#boundDraining()
      this.#happen(this.#current === undefined ? this.#judge(candidate, failure) : 'failed')
    }
    this.#endRoll((elapsedMs) => ({ type: 'failed', generation: candidate.id, failure, elapsedMs }))
    this.#startQueuedRoll()
  }

  /** While the next generation is being started, it decides. Otherwise the restart policy does. */
  #currentLost(current: Generation, failure: GenerationFailure): void {
    this.#current = undefined
    this.#happen(this.#candidate === undefined ? this.#judge(current, failure) : 'lost')
  }

  /** No generation serves and none is being started: a restart, or the end? */
  #judge(generation: Generation, failure: GenerationFailure): 'lost' | 'over' {
    const reason = `generation ${generation.id} ${describeFailure(failure)}`
    const exitCode = exitStatus(failure, constants.signals)
    if (!this.#everReady) {
      this.#exit = { type: 'ended', exitCode, reason }
      return 'over'
    }
    const verdict = this.#policy.judge(failure, this.#system.now())
    if (verdict.type === 'restart') {
      this.#restartDelayMs = verdict.delayMs
      return 'lost'
    }
    this.#exit =
      verdict.type === 'give-up'
        ? { type: 'gave-up', reason: `${reason}. Gave up restarting after ${verdict.why}` }
        : { type: 'ended', exitCode, reason }
    return 'over'
  }

  #startBackOff(): void {
    const delayMs = this.#restartDelayMs
    this.#backOff = new BackOff(this.#system, delayMs, () => this.#retryWhenClear())
    this.#emit({ type: 'restarting', delayMs })
  }

  /** The processes that the lost generation left may hold its port. The restart waits until they have exited, within bounds. */
  #retryWhenClear(): void {
    const isEnded = ![...this.#generations.values()].some(({ state }) => state === 'failed')
    if (this.#backOff?.mayRetry(isEnded)) this.#happen('retry')
  }

  #clearBackOff(): void {
    this.#backOff?.[Symbol.dispose]()
    this.#backOff = undefined
  }

  #startQueuedRoll(): void {
    if (this.#rolls.queued) this.#happen('roll')
  }

  /** Every RELOADING is closed by a READY, after a failed roll too, or systemd would wait for it. */
  #endRoll(outcomeAfter: (elapsedMs: number) => RollOutcome): void {
    const ended = this.#rolls.end(this.#system.now(), outcomeAfter)
    if (ended === undefined) return
    if (this.#state !== 'stopping') this.#reports.ready()
    this.#emit({ type: 'roll-ended', outcome: ended.outcome })
    ended.tell()
  }

  #end(): void {
    this.#clearBackOff()
    this.#reports.stopping()
    this.#rolls.refuse()
    for (const generation of this.#generations.values()) generation.stop()
    if (this.#generations.size === 0) this.#happen('empty')
  }

  #killAll(): void {
    for (const generation of this.#generations.values()) generation.kill()
  }

  #finish(): void {
    if (this.#givenUp !== undefined && this.#exit.type === 'stopped')
      this.#exit = { type: 'ended', exitCode: 1, reason: this.#givenUp }
    this.#reports.close()
    this.#emit({ type: 'ended', exit: this.#exit })
    this.#events.end()
    this.#resolveDone(this.#exit)
  }

  #reportStatus(): void {
    if (this.#state !== 'stopped') this.#reports.statusChanged()
  }

  #describe(): string {
    if (this.#state === 'stopping')
      return this.#exit.type === 'stopped' ? 'stopping' : `ending: ${this.#exit.reason}`
    return describeSupervisor({
      ready: this.#current && { id: this.#current.id, status: this.#current.status },
      starting: this.#candidate?.id,
      restartInMs: this.#backOff?.delayMs,
      draining: [...this.#generations.values()].filter(isEnding).length,
      lastRoll: this.#rolls.underWay ? undefined : this.#rolls.last,
    })
  }

  #emit(event: SupervisorEvent): void {
    this.#events.emit(event)
  }
}

function isEnding({ state }: Generation): boolean {
  return state === 'draining' || state === 'failed'
}

function describeGeneration({ id, pid, state, since, status }: Generation): GenerationStatus[] {
  if (pid === undefined) return []
  return [{ id, pid, state, since, ...(status === undefined ? {} : { status }) }]
}
