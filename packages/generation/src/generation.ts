import type { Credentials } from '@shellflip/fd-passing'
import type { Notification, NotifyMessage } from '@shellflip/sd-notify'
import { Deadline } from './deadline.ts'
import type { GenerationEvent, KillReason } from './events.ts'
import { type GenerationFailure, type ProcessExit, systemCodeOf } from './failure.ts'
import { MainProcess } from './main-process.ts'
import { type GenerationState, type GenerationTrigger, generationTable } from './state-table.ts'
import type { Launch, NotifyInbox, System } from './system.ts'

export type GenerationOptions = {
  /** 1, 2, … */
  id: number
  launch: Launch
  /** Where its notify socket stands; it is told by NOTIFY_SOCKET, which is added to the launch's environment. */
  notifySocket: string
  /** How long it may take until READY=1, in milliseconds. Then it is ended. EXTEND_TIMEOUT_USEC prolongs it. */
  readyTimeoutMs: number
  /** How long it may take to end after the stop signal, in milliseconds. Then SIGKILL follows. */
  shutdownTimeoutMs: number
  /** What asks it to end. */
  stopSignal: NodeJS.Signals | number
  /** How often it must say WATCHDOG=1 once ready, in milliseconds: told by WATCHDOG_USEC. @default it need not */
  watchdogMs?: number
  onEvent: (event: GenerationEvent) => void
}

/** One process of a service from spawn to exit. What it does next stands in `generationTable`. */
export class Generation {
  readonly id: number
  #state: GenerationState = 'starting'
  #since = new Date()
  #status: string | undefined
  #failure: GenerationFailure | undefined
  #exit: ProcessExit = { code: null, signal: null }
  #errno: number | undefined
  #watchdogMs: number | undefined
  #spawnedAt = 0
  readonly #warned = new Set<GenerationEvent['type']>()
  #inbox: NotifyInbox | undefined
  readonly #options: GenerationOptions
  readonly #system: System
  readonly #main: MainProcess
  readonly #readyDeadline: Deadline
  readonly #shutdownDeadline: Deadline
  readonly #watchdogDeadline: Deadline

  constructor(options: GenerationOptions, system: System) {
    this.id = options.id
    this.#options = options
    this.#system = system
    this.#watchdogMs = options.watchdogMs
    this.#readyDeadline = new Deadline(system, () => this.#happen('late'))
    this.#shutdownDeadline = new Deadline(system, () => this.#happen('overdue'))
    this.#watchdogDeadline = new Deadline(system, () => this.#happen('hung'))
    this.#main = new MainProcess(system, {
      onGone: (exit) => this.#gone(exit),
      onMainGone: () => this.#happen('main-gone'),
    })
  }

  get state(): GenerationState {
    return this.#state
  }

  /** When it came into its state. */
  get since(): Date {
    return this.#since
  }

  /** The main process: the one that was spawned, or the one that MAINPID told. Undefined before and after. */
  get pid(): number | undefined {
    return this.#main.pid
  }

  /** What it last said by STATUS=. */
  get status(): string | undefined {
    return this.#status
  }

  /** Opens the notify socket and spawns the process. All that follows, a failure to start too, is told by events. */
  start(): void {
    const { launch, notifySocket, readyTimeoutMs } = this.#options
    this.#spawnedAt = this.#system.now()
    try {
      this.#inbox = this.#system.openNotifySocket(notifySocket, (notification) => this.#hear(notification))
      this.#main.spawn({ ...launch, env: this.#environment(launch.env) }, (error) => this.#cannotStart(error))
    } catch (error) {
      queueMicrotask(() => this.#cannotStart(error as Error))
      return
    }
    this.#readyDeadline.arm(readyTimeoutMs)
    if (this.pid !== undefined) this.#emit({ type: 'started', pid: this.pid })
  }

  /** Asks it to end: the stop signal, then, after the shutdown timeout, SIGKILL. */
  stop(): void {
    this.#happen('stop')
  }

  /** Ends it and its process group with SIGKILL, at once. */
  kill(): void {
    this.#happen('kill')
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
    if (step.action === 'signal') this.#sendStopSignal()
    if (step.action === 'kill') this.#sendKill(trigger)
  }

  #enter(state: GenerationState, trigger: GenerationTrigger, from: GenerationState): void {
    if (state !== 'starting') this.#readyDeadline.clear()
    if (state === 'ready') {
      this.#emit({ type: 'ready', pid: this.pid ?? 0, elapsedMs: this.#elapsedMs() })
      this.#armWatchdog()
    }
    if (state === 'failed') this.#fail(this.#failureBy(trigger, from))
    if (state === 'exited') this.#finish(from)
  }

  #failureBy(trigger: GenerationTrigger, from: GenerationState): GenerationFailure {
    if (trigger === 'late') return { type: 'not-ready', timeoutMs: this.#readyDeadline.lengthMs }
    if (trigger === 'hung') return { type: 'hung', timeoutMs: this.#watchdogMs ?? 0 }
    if (trigger === 'main-gone') return this.#exitFailure({ code: null, signal: null }, from === 'starting')
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

  /** The exit of a process can be seen before what it last sent is read, as a MAINPID: so that is read first. */
  #gone(exit: ProcessExit): void {
    const settled = this.#inbox?.settled() ?? Promise.resolve()
    void settled.then(() => {
      if (this.#main.pid !== undefined) return
      this.#exit = exit
      this.#happen('gone')
    })
  }

  #finish(from: GenerationState): void {
    this.#shutdownDeadline.clear()
    this.#watchdogDeadline.clear()
    this.#inbox?.[Symbol.dispose]()
    this.#main.close()
    if (this.#failure?.type === 'cannot-start') this.#fail(this.#failure)
    else if (from === 'starting' || from === 'ready')
      this.#fail(this.#exitFailure(this.#exit, from === 'starting'))
    this.#emit({ type: 'exited', exit: this.#exit })
  }

  #sendStopSignal(): void {
    const { stopSignal: signal, shutdownTimeoutMs } = this.#options
    if (!this.#shutdownDeadline.armed) this.#shutdownDeadline.arm(shutdownTimeoutMs)
    this.#emit({ type: 'signalled', signal, killAfterMs: shutdownTimeoutMs })
    this.#main.signal(signal)
  }

  #sendKill(trigger: GenerationTrigger): void {
    this.#shutdownDeadline.clear()
    this.#emit({ type: 'killed', reason: killReasons[trigger] ?? 'asked' })
    this.#main.kill()
  }

  #hear({ message, fds, sender }: Notification): void {
    for (const fd of fds) fd.close()
    if (this.#state === 'exited') return
    if (fds.length > 0) this.#warn({ type: 'fds-refused', count: fds.length })
    if (message.mainPid !== undefined) this.#hearMainPid(message.mainPid, sender)
    if (message.errno !== undefined) this.#errno = message.errno
    if (message.status !== undefined && message.status !== this.#status) {
      this.#status = message.status
      this.#emit({ type: 'status', text: message.status })
    }
    if (message.extendTimeoutUsec !== undefined) this.#extend(message.extendTimeoutUsec / 1000)
    if (message.ready && this.pid !== undefined) this.#happen('ready')
    this.#hearWatchdog(message)
  }

  #hearMainPid(pid: number, sender: Credentials | undefined): void {
    if (!this.#mayName(pid, sender)) this.#warn({ type: 'main-pid-refused', pid })
    else if (this.#main.follow(pid)) this.#emit({ type: 'main-pid', pid })
  }

  /** The pid will get our signals: so only one that the sender could signal itself may be named. */
  #mayName(pid: number, sender: Credentials | undefined): boolean {
    const owner = this.#system.ownerOf(pid)
    if (owner === undefined || pid <= 1 || pid === process.pid) return false
    return sender === undefined || sender.uid === 0 || sender.uid === owner
  }

  #hearWatchdog({ watchdog, watchdogUsec }: NotifyMessage): void {
    if (watchdogUsec !== undefined) this.#watchdogMs = watchdogUsec === 0 ? undefined : watchdogUsec / 1000
    if (watchdog === 'trigger') this.#happen('hung')
    else if (watchdog === 'ping' || watchdogUsec !== undefined) this.#armWatchdog()
  }

  /** The watchdog begins with readiness and goes on while draining (systemd.service(5), WatchdogSec). */
  #armWatchdog(): void {
    if (this.#state !== 'ready' && this.#state !== 'draining') return
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
  #warn(event: GenerationEvent): void {
    if (this.#warned.has(event.type)) return
    this.#warned.add(event.type)
    this.#emit(event)
  }

  #emit(event: GenerationEvent): void {
    this.#options.onEvent(event)
  }
}

const killReasons: Partial<Record<GenerationTrigger, KillReason>> = { overdue: 'overdue', hung: 'hung' }

/** What a manager above tells this process, and this process alone (sd_notify(3), sd_listen_fds(3)). */
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
