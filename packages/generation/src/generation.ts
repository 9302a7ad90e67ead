import type { Credentials } from '@shellflip/fd-passing'
import type { Notification, NotifyMessage } from '@shellflip/sd-notify'
import { checkGenerationOptions } from './check-generation-options.ts'
import { Deadline } from './deadline.ts'
import type { GenerationEvent, KillReason } from './events.ts'
import { asError, type GenerationFailure, type ProcessExit, systemCodeOf } from './failure.ts'
import { LaunchError } from './launch-error.ts'
import { launchFault } from './launch-fault.ts'
import { MainProcess } from './main-process.ts'
import { reportForManager } from './manager-report.ts'
import { nodeSystem } from './node-system.ts'
import type { SocketsNotTaken } from './passed-sockets.ts'
import { type GenerationState, type GenerationTrigger, generationTable } from './state-table.ts'
import type { Launch, NotifyInbox, System } from './system.ts'

export type GenerationOptions = {
  /** 1, 2, … */
  id: number
  /** The launch, or a function that returns it at once. The function runs at the start. If it throws, the generation fails to start. */
  launch: Launch | (() => Launch)
  /** The path of its notify socket. The generation adds it to the launch's environment as NOTIFY_SOCKET. */
  notifySocket: string
  /** How long it may take until READY=1, in milliseconds. Then it is ended. EXTEND_TIMEOUT_USEC extends it. */
  readyTimeoutMs: number
  /** How long its process group may take to end after the stop signal, in milliseconds. Then SIGKILL follows. */
  drainTimeoutMs: number
  /** The signal that stops it. */
  stopSignal: NodeJS.Signals | number
  /** How often it must send WATCHDOG=1 once ready, in milliseconds. It receives this as WATCHDOG_USEC. @default no watchdog */
  watchdogMs?: number
  /** Receives every event. If it throws, the error becomes an uncaught exception, which does not disturb the generation. */
  onEvent: (event: GenerationEvent) => void
}

/** Runs one process of a service from spawn to exit. `generationTable` defines its next step. */
export class Generation {
  readonly id: number
  #state: GenerationState = 'starting'
  #since = new Date()
  #status: string | undefined
  #failure: GenerationFailure | undefined
  #exit: ProcessExit = { code: null, signal: null }
  #errno: number | undefined
  #watchdogMs: number | undefined
  #killed = false
  #isStarted = false
  /** Whether a process exists, or may exist. */
  #hasBegun = false
  #spawnedAt = 0
  readonly #warned = new Set<string>()
  #listen: Launch['listen'] = []
  #notTaken: SocketsNotTaken | undefined
  #readySender: number | undefined
  readonly #secondLook: Deadline
  #inbox: NotifyInbox | undefined
  readonly #options: GenerationOptions
  readonly #system: System
  readonly #main: MainProcess
  readonly #readyDeadline: Deadline
  readonly #shutdownDeadline: Deadline
  readonly #watchdogDeadline: Deadline

  /** @throws {GenerationError} ERR_INVALID_ARGUMENT */
  constructor(options: GenerationOptions, system: System = nodeSystem) {
    checkGenerationOptions(options, system)
    this.id = options.id
    this.#options = options
    this.#system = system
    this.#watchdogMs = options.watchdogMs
    const readFirst = () => this.#inbox?.readPending()
    this.#readyDeadline = new Deadline(system, () => this.#happen('late'), readFirst)
    this.#shutdownDeadline = new Deadline(system, () => this.#happen('overdue'), readFirst)
    this.#watchdogDeadline = new Deadline(system, () => this.#happen('hung'), readFirst)
    this.#secondLook = new Deadline(
      system,
      () => this.#happen(this.#notTaken ? 'untaken' : 'ready'),
      () => this.#lookForSockets(),
    )
    this.#main = new MainProcess(system, {
      onGone: (exit) => this.#mainGone(exit),
      onMainGone: () => this.#happen('main-gone'),
      onRefused: (pid, signal) =>
        this.#warn({ type: 'signal-refused', pid, signal }, `signal-refused ${signal}`),
      onUnkillable: () => this.#happen('unkillable'),
    })
  }

  get state(): GenerationState {
    return this.#state
  }

  /** When it came into its state. */
  get since(): Date {
    return this.#since
  }

  /**
   * The pid of the main process: the spawned one, or the one that MAINPID named. When it is gone, the pid of another process that is
   * left. Undefined before the start and after the exit.
   */
  get pid(): number | undefined {
    return this.#main.anyPid
  }

  /** The text it last sent as STATUS=. */
  get status(): string | undefined {
    return this.#status
  }

  /**
   * Opens the notify socket and spawns the process. Reports everything that follows as events, including a failure to start. A second
   * call does nothing. A call after `stop()` does nothing either.
   */
  start(): void {
    if (this.#isStarted || this.#state !== 'starting') return
    this.#isStarted = true
    const { notifySocket, readyTimeoutMs } = this.#options
    this.#spawnedAt = this.#system.now()
    try {
      const launch = this.#launch()
      // The function that made the launch may have called stop().
      if (this.#hasExited) return
      this.#listen = launch.listen
      this.#inbox = this.#system.openNotifySocket(notifySocket, {
        onNotification: (notification) => this.#hear(notification),
        onTrouble: (error) => this.#emit({ type: 'receive-failed', error }),
      })
      this.#hasBegun = true
      this.#main.spawn({ ...launch, env: this.#environment(launch.env) }, (error) => this.#cannotStart(error))
    } catch (error) {
      queueMicrotask(() => this.#cannotStart(asError(error)))
      return
    }
    this.#readyDeadline.arm(readyTimeoutMs)
    if (this.#main.pid !== undefined) this.#emit({ type: 'started', pid: this.#main.pid })
  }

  /** Stops it: sends the stop signal, then, after the drain timeout, SIGKILL. */
  stop(): void {
    if (this.#hasBegun) this.#happen('stop')
    else this.#neverBegin()
  }

  /** Ends it and its process group with SIGKILL, at once. */
  kill(): void {
    if (this.#hasBegun) this.#happen('kill')
    else this.#neverBegin()
  }

  get #hasExited(): boolean {
    return this.#state === 'exited'
  }

  #launch(): Launch {
    const { launch } = this.#options
    if (typeof launch !== 'function') return launch
    const made = launch()
    const fault = launchFault(made)
    if (fault !== undefined) throw new LaunchError('ERR_INVALID_ARGUMENT', fault)
    return made
  }

  #neverBegin(): void {
    if (this.#hasExited) return
    this.#failure = { type: 'stopped' }
    this.#happen('gone')
  }

  #environment(base: Launch['env']): Launch['env'] {
    const env: Record<string, Launch['env'][string]> = { ...base }
    for (const name of managerVariables) delete env[name]
    env.NOTIFY_SOCKET = this.#options.notifySocket
    if (this.#watchdogMs !== undefined) env.WATCHDOG_USEC = String(this.#watchdogMs * 1000)
    return env
  }

  #happen(trigger: GenerationTrigger): void {
    const step = generationTable[this.#state][trigger]
    if (step === undefined) return
    const from = this.#state
    if (step.to !== from) {
      this.#state = step.to
      this.#since = new Date()
      this.#enter(step.to, trigger, from)
    }
    if (step.action === 'signal') this.#sendStopSignal(this.#options.drainTimeoutMs)
    if (step.action === 'end-rest')
      this.#sendStopSignal(Math.min(this.#options.drainTimeoutMs, restTimeoutMs))
    if (step.action === 'kill') this.#sendKill(trigger)
  }

  #enter(state: GenerationState, trigger: GenerationTrigger, from: GenerationState): void {
    if (state !== 'starting') {
      this.#readyDeadline.clear()
      this.#secondLook.clear()
    }
    // As under systemd: one that drains owes no sign of life (service.c, service_enter_signal()).
    if (state !== 'ready') this.#watchdogDeadline.clear()
    if (state === 'ready') {
      this.#emit({ type: 'ready', pid: this.#main.pid ?? 0, elapsedMs: this.#elapsedMs() })
      this.#armWatchdog()
    }
    if (state === 'failed') this.#fail(this.#failureBy(trigger, from))
    if (state === 'exited') this.#finish(trigger, from)
  }

  #failureBy(trigger: GenerationTrigger, from: GenerationState): GenerationFailure {
    if (trigger === 'late') return { type: 'not-ready', timeoutMs: this.#readyDeadline.lengthMs }
    if (trigger === 'hung') return { type: 'hung', timeoutMs: this.#watchdogMs ?? 0 }
    if (trigger === 'main-gone') return this.#exitFailure(this.#exit, from === 'starting')
    if (trigger === 'untaken' && this.#notTaken) return { type: 'sockets-not-taken', ...this.#notTaken }
    return { type: 'stopped' }
  }

  #exitFailure(exit: ProcessExit, beforeReady: boolean): GenerationFailure {
    return {
      type: 'exited',
      beforeReady,
      ...exit,
      ...(this.#errno === undefined ? {} : { errno: this.#errno }),
    }
  }

  #fail(failure: GenerationFailure): void {
    this.#failure = failure
    this.#emit({ type: 'failed', failure, elapsedMs: this.#elapsedMs() })
  }

  #cannotStart(error: Error): void {
    this.#failure = { type: 'cannot-start', code: systemCodeOf(error), message: error.message }
    this.#happen('gone')
  }

  /** The exit of a process can arrive before its last messages are read, such as a MAINPID. So this reads them first. */
  #mainGone(exit: ProcessExit): void {
    if (this.#hasExited) return
    this.#exit = exit
    this.#inbox?.readPending()
    if (this.#main.pid !== undefined || this.#hasExited) return
    if (this.pid !== undefined) this.#happen('main-gone')
    this.#main.whenEmpty(() => this.#happen('gone'))
  }

  #finish(trigger: GenerationTrigger, from: GenerationState): void {
    const { pid } = this
    this.#shutdownDeadline.clear()
    this.#inbox?.[Symbol.dispose]()
    this.#main.close()
    if (this.#failure?.type === 'cannot-start') this.#fail(this.#failure)
    else if (from === 'starting' || from === 'ready')
      this.#fail(this.#failure ?? this.#exitFailure(this.#exit, from === 'starting'))
    if (trigger === 'unkillable') this.#emit({ type: 'given-up', pid: pid ?? 0 })
    else this.#emit({ type: 'exited', exit: this.#exit })
  }

  #sendStopSignal(timeoutMs: number): void {
    const { stopSignal: signal } = this.#options
    if (this.#killed) return
    if (!this.#shutdownDeadline.armed) {
      this.#shutdownDeadline.arm(timeoutMs)
      this.#emit({ type: 'signalled', signal, killAfterMs: timeoutMs })
    }
    this.#main.signal(signal)
  }

  #sendKill(trigger: GenerationTrigger): void {
    this.#killed = true
    this.#shutdownDeadline.clear()
    this.#emit({ type: 'killed', reason: killReasons[trigger] ?? 'asked' })
    this.#main.kill()
  }

  #hear({ message, fds, sender }: Notification): void {
    for (const fd of fds) fd.close()
    if (this.#hasExited) return
    if (fds.length > 0) this.#warn({ type: 'fds-refused', count: fds.length })
    if (message.mainPid !== undefined) this.#hearMainPid(message.mainPid, sender)
    if (message.errno !== undefined) this.#errno = message.errno
    if (message.status !== undefined && message.status !== this.#status) {
      this.#status = message.status
      this.#emit({ type: 'status', text: message.status })
    }
    if (message.extendTimeoutUsec !== undefined) this.#extend(message.extendTimeoutUsec / 1000)
    if (message.ready && this.#main.pid !== undefined) this.#hearReady(sender)
    this.#hearWatchdog(message)
    const report = reportForManager(message)
    if (report !== undefined) this.#emit({ type: 'report', report })
  }

  /** A process may report ready just before its event loop shows that it took the sockets. So the verdict "not taken" needs a second look. */
  #hearReady(sender: Credentials | undefined): void {
    if (this.#state !== 'starting' || this.#secondLook.armed) return
    this.#readySender = sender?.pid
    this.#lookForSockets()
    if (this.#notTaken === undefined) this.#happen('ready')
    else this.#secondLook.arm(secondLookMs)
  }

  #lookForSockets(): void {
    const { spawnedPid } = this.#main
    this.#notTaken =
      spawnedPid === undefined || this.#readySender === undefined || this.#listen.length === 0
        ? undefined
        : this.#system.lookForSockets({ spawnedPid, readyPid: this.#readySender, sockets: this.#listen })
  }

  #hearMainPid(pid: number, sender: Credentials | undefined): void {
    try {
      if (!this.#mayName(pid, sender)) this.#warn({ type: 'main-pid-refused', pid })
      else if (this.#main.follow(pid)) {
        this.#emit({ type: 'main-pid', pid })
        this.#main.signalFollowed()
      }
    } catch {
      // It has gone since, or the system cannot watch it.
      this.#warn({ type: 'main-pid-refused', pid })
    }
  }

  /**
   * The pid will receive our signals. So the sender must be allowed to signal that process itself. The process must never be one that we
   * depend on: this process, its parent or init.
   */
  #mayName(pid: number, sender: Credentials | undefined): boolean {
    const owner = this.#system.ownerOf(pid)
    if (owner === undefined || pid <= 1 || pid === process.pid || pid === process.ppid) return false
    return sender === undefined || sender.uid === 0 || sender.uid === owner
  }

  #hearWatchdog({ watchdog, watchdogUsec }: NotifyMessage): void {
    if (watchdogUsec !== undefined) this.#watchdogMs = watchdogUsec === 0 ? undefined : watchdogUsec / 1000
    if (watchdog === 'trigger') this.#happen('hung')
    else if (watchdog === 'ping' || watchdogUsec !== undefined) this.#armWatchdog()
  }

  /** The watchdog starts at readiness and stops at the drain (systemd.service(5), WatchdogSec). */
  #armWatchdog(): void {
    if (this.#state !== 'ready') return
    if (this.#watchdogMs === undefined) this.#watchdogDeadline.clear()
    else this.#watchdogDeadline.arm(this.#watchdogMs)
  }

  #extend(ms: number): void {
    this.#readyDeadline.extend(ms)
    this.#shutdownDeadline.extend(ms)
    this.#emit({ type: 'extended', ms })
  }

  #elapsedMs(): number {
    return Math.round(this.#system.now() - this.#spawnedAt)
  }

  /** Once for each generation: one that sends nonsense does so by the thousand. */
  #warn(event: GenerationEvent, kind: string = event.type): void {
    if (this.#warned.has(kind)) return
    this.#warned.add(kind)
    this.#emit(event)
  }

  /** An error of the listener must not interrupt the step that emits the event, or a process would be left behind. */
  #emit(event: GenerationEvent): void {
    try {
      this.#options.onEvent(event)
    } catch (error) {
      queueMicrotask(() => {
        throw error
      })
    }
  }
}

/**
 * How long the remaining processes may run after the main process ended unasked. A restart waits for them, because they may hold the
 * port. So they get less time than a drain.
 */
const restTimeoutMs = 5_000

const secondLookMs = 100

const killReasons: Partial<Record<GenerationTrigger, KillReason>> = { overdue: 'overdue', hung: 'hung' }

/** The variables by which a manager above addresses this process only (sd_notify(3), sd_listen_fds(3)). */
const managerVariables = [
  'FDSTORE',
  'NOTIFY_SOCKET',
  'WATCHDOG_PID',
  'WATCHDOG_USEC',
  'LISTEN_FDNAMES',
  'LISTEN_FDS',
  'LISTEN_PID',
  'LISTEN_PIDFDID',
]
