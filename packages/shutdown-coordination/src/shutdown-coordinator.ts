import { setMaxListeners } from 'node:events'
import type { Server } from 'node:net'
import type { Drainable, DrainContext } from './drainable.ts'
import { ServerDrain } from './server-drain.ts'
import type { ServerOptions } from './server-options.ts'
import { assertMilliseconds, ShutdownCoordinationError } from './shutdown-coordination-error.ts'
import type { FailedDrain, ShutdownReport } from './shutdown-report.ts'
import { TaskHandle } from './task-handle.ts'
import { watchServer } from './watch-server.ts'

export type ShutdownCoordinatorOptions = {
  /** How long a shutdown may take; what is left then is cut and reported. @default 60_000 */
  deadlineMs?: number
}

export type ShutdownOptions = {
  /** Why, for the report and for whoever looks at `signal.reason`. @default 'shutdown' */
  reason?: string
  /** For this shutdown, instead of the coordinator's own. */
  deadlineMs?: number
}

/**
 * Brings a process to its end: tells everyone once, waits for those who asked to be waited for, cuts what is
 * left at one deadline, and reports. It never exits the process and never prints.
 */
export class ShutdownCoordinator {
  /** Aborts when a shutdown begins. Its reason is an `ERR_SHUTTING_DOWN`. */
  readonly signal: AbortSignal
  /** Aborts when the time is up, unless all was over before. Its reason is an `ERR_DEADLINE`. */
  readonly deadline: AbortSignal
  /** The report, once a shutdown is over, whoever asked for it. */
  readonly done: Promise<ShutdownReport>

  readonly #deadlineMs: number
  readonly #begin = new AbortController()
  readonly #timeUp = new AbortController()
  readonly #tasks = new Set<TaskHandle>()
  readonly #drains = new Map<Drainable, string>()
  readonly #servers = new Set<ServerDrain>()
  readonly #failed: FailedDrain[] = []
  #phase: 'open' | 'draining' | 'over' = 'open'
  #onProgress = () => {}
  #resolveDone: (report: ShutdownReport) => void = () => {}

  constructor({ deadlineMs = 60_000 }: ShutdownCoordinatorOptions = {}) {
    assertMilliseconds('deadlineMs', deadlineMs)
    this.#deadlineMs = deadlineMs
    this.signal = this.#begin.signal
    this.deadline = this.#timeUp.signal
    // Thousands of tasks may listen; ten is where Node begins to suspect a leak.
    setMaxListeners(0, this.signal, this.deadline)
    this.done = new Promise((resolve) => {
      this.#resolveDone = resolve
    })
  }

  /**
   * Begins a task that a shutdown waits for, until the handle is disposed of or `done()`. One that begins during
   * a shutdown is waited for as well; its signal has aborted already.
   *
   * @param options.weak the task gets the signal but delays nothing. @default false
   */
  task(name: string, { weak = false }: { weak?: boolean } = {}): TaskHandle {
    const handle = new TaskHandle(name, weak, this.signal, (done) => {
      if (this.#tasks.delete(done)) this.#onProgress()
    })
    this.#tasks.add(handle)
    return handle
  }

  /** Registers what a shutdown drains and waits for; disposing of the registration takes it back. */
  drain(name: string, work: Drainable | ((context: DrainContext) => Promise<unknown>)): Disposable {
    const drainable: Drainable =
      typeof work === 'function' ? { drain: work } : { drain: (c) => work.drain(c) }
    this.#drains.set(drainable, name)
    if (this.#phase === 'draining') this.#start(drainable)
    return { [Symbol.dispose]: () => this.#forget(drainable) }
  }

  /**
   * Registers a server of node:net, tls, http, https or http2. Call it before `listen()`: a connection that
   * was open before is not seen until its next request, if it speaks HTTP/1.1, and never else.
   *
   * A server that listened on a UNIX path unlinks the path when it stops accepting, as Node does; one that
   * adopted an fd does not.
   */
  server(server: Server, options: ServerOptions = {}): Disposable {
    const { name = 'server', lingerMs = 5_000, keepAcceptingMs = 0, drainUpgraded, drainSocket } = options
    if (typeof server?.listening !== 'boolean') {
      throw new ShutdownCoordinationError(
        'ERR_INVALID_ARGUMENT',
        'server() takes a server of node:net, tls, http, https or http2; register anything else with drain()',
      )
    }
    assertMilliseconds('lingerMs', lingerMs)
    assertMilliseconds('keepAcceptingMs', keepAcceptingMs)
    const handOver = () => options.handOver
    const watch = watchServer(server, { lingerMs, drainUpgraded, drainSocket, handOver })
    const drain = new ServerDrain(name, server, keepAcceptingMs, watch)
    this.#servers.add(drain)
    this.#drains.set(drain, name)
    if (this.#phase === 'draining') this.#start(drain)
    return {
      [Symbol.dispose]: () => {
        drain[Symbol.dispose]()
        this.#servers.delete(drain)
        this.#forget(drain)
      },
    }
  }

  /** Shuts down, and resolves with the report; never rejects. A second call returns the first one's promise. */
  shutdown({
    reason = 'shutdown',
    deadlineMs = this.#deadlineMs,
  }: ShutdownOptions = {}): Promise<ShutdownReport> {
    assertMilliseconds('deadlineMs', deadlineMs)
    if (!this.signal.aborted) void this.#run(reason, deadlineMs)
    return this.done
  }

  /** Ends at once what is still running: as `shutdown()`, but the deadline is now. */
  shutdownNow({ reason = 'shutdown' }: { reason?: string } = {}): Promise<ShutdownReport> {
    const done = this.shutdown({ reason })
    this.#abortAtDeadline('asked to end at once')
    return done
  }

  /**
   * Shuts down on a signal; a second one ends at once. When the shutdown is over, or the result is disposed of,
   * the signals have their former effect again.
   *
   * @param signals @default ['SIGTERM', 'SIGINT']
   */
  onSignals(signals: readonly NodeJS.Signals[] = ['SIGTERM', 'SIGINT']): Disposable {
    const onSignal = (signal: NodeJS.Signals) => {
      void (this.signal.aborted ? this.shutdownNow() : this.shutdown({ reason: signal }))
    }
    const stop = () => {
      for (const signal of signals) process.removeListener(signal, onSignal)
    }
    for (const signal of signals) process.on(signal, onSignal)
    void this.done.then(stop)
    return { [Symbol.dispose]: stop }
  }

  async #run(reason: string, deadlineMs: number): Promise<void> {
    const startedAt = performance.now()
    const timer = setTimeout(() => this.#abortAtDeadline(`not over within ${deadlineMs} ms`), deadlineMs)
    this.#begin.abort(new ShutdownCoordinationError('ERR_SHUTTING_DOWN', `shutting down: ${reason}`))
    this.#phase = 'draining'
    for (const drainable of [...this.#drains.keys()]) this.#start(drainable)
    await this.#allOverOrDeadline()
    await Promise.all([...this.#servers.values()].map(({ settled }) => settled))
    clearTimeout(timer)
    this.#phase = 'over'
    this.#resolveDone(this.#report(reason, performance.now() - startedAt))
  }

  #abortAtDeadline(why: string): void {
    if (this.#phase !== 'over') this.#timeUp.abort(new ShutdownCoordinationError('ERR_DEADLINE', why))
  }

  #allOverOrDeadline(): Promise<void> {
    return new Promise((resolve) => {
      this.#onProgress = () => {
        const isOver = this.#drains.size === 0 && [...this.#tasks].every((task) => task.weak)
        if (isOver || this.deadline.aborted) resolve()
      }
      this.deadline.addEventListener('abort', this.#onProgress, { once: true })
      this.#onProgress()
    })
  }

  #start(drainable: Drainable): void {
    const name = this.#drains.get(drainable) ?? ''
    const started = new Promise((resolve) => {
      resolve(drainable.drain({ signal: this.deadline }))
    })
    void started
      .catch((error: unknown) => this.#failed.push({ name, error }))
      .then(() => this.#forget(drainable))
  }

  #forget(drainable: Drainable): void {
    if (this.#drains.delete(drainable)) this.#onProgress()
  }

  #report(reason: string, elapsedMs: number): ShutdownReport {
    const servers = [...this.#servers].map((server) => server.report())
    const failed = [
      ...this.#failed,
      ...[...this.#servers].flatMap(({ name, errors }) => errors.map((error) => ({ name, error }))),
    ]
    const unfinished = [
      ...[...this.#tasks].map(({ name, weak }) => ({ name, weak })),
      ...[...this.#drains]
        .filter(([drainable]) => !(drainable instanceof ServerDrain))
        .map(([, name]) => ({ name, weak: false })),
    ]
    const clean =
      failed.length === 0 &&
      unfinished.every(({ weak }) => weak) &&
      servers.every(({ cut }) => cut.length === 0)
    return { reason, elapsedMs, clean, unfinished, failed, servers }
  }
}
