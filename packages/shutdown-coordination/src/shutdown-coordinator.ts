import { setMaxListeners } from 'node:events'
import type { Server } from 'node:net'
import { show } from '@shellflip/internal'
import type { MoveConnections } from './connection-moves.ts'
import { DrainOrder } from './drain-order.ts'
import type { Drainable, DrainContext, DrainOptions } from './drainable.ts'
import { RegisteredDrain, type ShutdownWork } from './registered-drain.ts'
import { Registration } from './registration.ts'
import { assertName, assertText, findAfter, freeName } from './registration-name.ts'
import { ServerDrain } from './server-drain.ts'
import { assertServer, assertServerOptions, type ServerOptions } from './server-options.ts'
import { assertOptions, invalidArgument, ShutdownCoordinationError } from './shutdown-coordination-error.ts'
import { type ShutdownReport, shutdownReport } from './shutdown-report.ts'
import { ShutdownTime } from './shutdown-time.ts'
import { assertStopSignals, StopSignals } from './stop-signals.ts'
import type { TaskHandle } from './task-handle.ts'
import { Tasks } from './tasks.ts'
import { watchServer } from './watch-server.ts'

export type ShutdownCoordinatorOptions = {
  /** How long a shutdown may take, in milliseconds. Work that is left then is cut and reported. @default 60_000 */
  drainTimeoutMs?: number
}

export type ShutdownOptions = {
  /** The reason, for the report and for `signal.reason`. @default 'shutdown' */
  reason?: string
  /** How long this shutdown may take, in milliseconds. @default the coordinator's own */
  drainTimeoutMs?: number
  /**
   * Gives connections to another process, instead of closing them here. It gets those of the servers that were registered with
   * `moveConnections: true`, as soon as each of them is between two requests.
   * @default connections stay here
   */
  moveConnections?: MoveConnections
}

export type TaskOptions = {
  /** Whether the task gets the signal but delays nothing. @default false */
  weak?: boolean
}

/**
 * Shuts a process down. It starts all work that drains, each piece in its turn, and waits for it. It cuts what is left at one deadline, and
 * reports. It never exits the process and never prints.
 */
export class ShutdownCoordinator implements AsyncDisposable {
  /** Aborts when a shutdown begins. Its reason is an `ERR_SHUTTING_DOWN`. */
  readonly signal: AbortSignal
  /** Aborts when the time is up, unless everything was over before. Its reason is an `ERR_DEADLINE`. */
  readonly deadline: AbortSignal
  /** Resolves with the report when a shutdown is over, however it began. */
  readonly done: Promise<ShutdownReport>

  readonly #drainTimeoutMs: number
  readonly #begin = new AbortController()
  readonly #time = new ShutdownTime()
  readonly #tasks = new Tasks(() => this.#progress())
  readonly #order = new DrainOrder(this.#tasks, this.#time, () => this.#progress())
  readonly #servers = new Map<Server, ServerDrain>()
  readonly #stopSignals = new StopSignals((signal) => {
    void (this.signal.aborted ? this.shutdownNow() : this.shutdown({ reason: signal }))
  })
  #phase: 'open' | 'draining' | 'over' = 'open'
  #resolveOver = () => {}
  #resolveDone: (report: ShutdownReport) => void = () => {}

  constructor(options: ShutdownCoordinatorOptions = {}) {
    assertOptions('ShutdownCoordinator', options, { drainTimeoutMs: 'milliseconds' })
    this.#drainTimeoutMs = options.drainTimeoutMs ?? 60_000
    this.signal = this.#begin.signal
    this.deadline = this.#time.deadline
    // Thousands of tasks may listen. Node suspects a leak from ten on.
    setMaxListeners(0, this.signal)
    this.done = new Promise((resolve) => {
      this.#resolveDone = resolve
    })
  }

  /**
   * Begins a task that a shutdown waits for, until `done()` or the end of its scope. A shutdown also waits for a task that begins during
   * it. The signal of such a task has already aborted. After the shutdown nothing waits.
   */
  task(name: string, options: TaskOptions = {}): TaskHandle {
    assertText('task()', name)
    assertOptions('task()', options, { weak: 'boolean' })
    return this.#tasks.begin(name, options.weak ?? false, this.signal)
  }

  /**
   * Registers work that a shutdown drains and waits for.
   *
   * @throws {ShutdownCoordinationError} ERR_INVALID_ARGUMENT
   * @throws {ShutdownCoordinationError} ERR_TOO_LATE
   */
  onDrain(
    name: string,
    work: Drainable | ((context: DrainContext) => Promise<unknown>),
    options: DrainOptions = {},
  ): Registration {
    const what = `onDrain(${show(name)})`
    assertName(what, name, this.#order.names)
    const drainable = drainableOf(what, work)
    assertOptions(what, options, { after: 'any', reserveMs: 'milliseconds' })
    const after = findAfter(what, options.after, this.#order.registered)
    return this.#register(what, new RegisteredDrain(name, drainable, after, options.reserveMs))
  }

  /**
   * Registers a server of node:net, tls, http, https or http2. Call it before `listen()`. A connection that was open before is seen at its
   * next request, if it speaks HTTP/1.1, and never otherwise.
   *
   * A server that listened on a UNIX path unlinks the path when it stops accepting, as Node does. One that adopted an fd does not.
   *
   * @throws {ShutdownCoordinationError} ERR_INVALID_ARGUMENT
   * @throws {ShutdownCoordinationError} ERR_TOO_LATE
   */
  watch(server: Server, options: ServerOptions = {}): Registration {
    assertServer(server)
    assertServerOptions(server, options)
    const known = this.#servers.get(server)?.name
    if (known !== undefined) {
      throw invalidArgument(`this server is registered already, as "${known}". Register it once.`)
    }
    const { lingerMs = 5_000, keepAcceptingMs = 0, drainUpgraded, drainSocket } = options
    const { moveConnections = false } = options
    const name = options.name ?? freeName('server', this.#order.names)
    const what = `server ${show(name)}`
    assertName(what, name, this.#order.names)
    this.#assertInTime(what)
    const { signal } = this
    const watchConnections = watchServer(server, { lingerMs, drainUpgraded, drainSocket, signal })
    const drain = new ServerDrain(server, { name, keepAcceptingMs, moveConnections }, watchConnections)
    this.#servers.set(server, drain)
    const registration = this.#register(what, new RegisteredDrain(name, drain, [], undefined))
    return new Registration(() => {
      drain[Symbol.dispose]()
      if (this.#servers.get(server) === drain) this.#servers.delete(server)
      registration.remove()
    })
  }

  /** Shuts down, and resolves with the report. Never rejects. A second call returns the first one's promise. */
  shutdown(options: ShutdownOptions = {}): Promise<ShutdownReport> {
    assertOptions('shutdown()', options, {
      reason: 'string',
      drainTimeoutMs: 'milliseconds',
      moveConnections: 'function',
    })
    if (!this.signal.aborted) void this.#run(options)
    return this.done
  }

  /** Cuts what is still running: as `shutdown()`, but the deadline is now. */
  shutdownNow(options: { reason?: string } = {}): Promise<ShutdownReport> {
    assertOptions('shutdownNow()', options, { reason: 'string' })
    const done = this.shutdown(options)
    this.#time.cut('requested to end immediately')
    return done
  }

  /**
   * Shuts down on a signal. A second one cuts what is left. When the shutdown is over, or the result is disposed of, the signals have their
   * former effect again.
   *
   * @param signals @default ['SIGTERM', 'SIGINT']
   * @throws {ShutdownCoordinationError} ERR_INVALID_ARGUMENT
   */
  onSignals(signals: readonly NodeJS.Signals[] = ['SIGTERM', 'SIGINT']): Registration {
    assertStopSignals(signals)
    return new Registration(this.#phase === 'over' ? () => {} : this.#stopSignals.listen(signals))
  }

  /** Shuts down as `shutdown()`, at the end of an `await using` scope. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.shutdown()
  }

  #register(what: string, drain: RegisteredDrain): Registration {
    this.#assertInTime(what)
    this.#order.add(drain)
    return new Registration(() => this.#order.remove(drain))
  }

  #assertInTime(what: string): void {
    if (this.#phase !== 'over') return
    throw new ShutdownCoordinationError(
      'ERR_TOO_LATE',
      `${what}: the shutdown is over, so nothing would drain it. Register it earlier, or with a new coordinator.`,
    )
  }

  async #run(options: ShutdownOptions): Promise<void> {
    const { reason = 'shutdown', drainTimeoutMs = this.#drainTimeoutMs, moveConnections } = options
    const startedAt = performance.now()
    this.#time.begin(drainTimeoutMs)
    this.#begin.abort(new ShutdownCoordinationError('ERR_SHUTTING_DOWN', `shutting down: ${reason}`))
    this.#phase = 'draining'
    await this.#allOverOrDeadline(moveConnections)
    await Promise.all([...this.#servers.values()].map(({ settled }) => settled))
    this.#phase = 'over'
    this.#time.end()
    this.#stopSignals.close()
    const elapsedMs = performance.now() - startedAt
    this.#resolveDone(
      shutdownReport(reason, elapsedMs, this.#tasks, this.#order, [...this.#servers.values()]),
    )
  }

  #allOverOrDeadline(moveConnections: MoveConnections | undefined): Promise<void> {
    return new Promise((resolve) => {
      this.#resolveOver = resolve
      this.#order.begin(moveConnections)
      const end = () => {
        this.#progress()
        // Work that ends at the deadline within this turn of the loop is not unfinished.
        setImmediate(resolve)
      }
      // A listener of the beginning may have called shutdownNow().
      if (this.deadline.aborted) end()
      else this.deadline.addEventListener('abort', end)
      this.#progress()
    })
  }

  #progress(): void {
    if (this.#phase !== 'draining') return
    this.#order.startReady()
    if (this.#order.isOver && this.#tasks.areOver) this.#resolveOver()
  }
}

function drainableOf(
  what: string,
  work: Drainable | ((context: DrainContext) => Promise<unknown>),
): ShutdownWork {
  if (typeof work === 'function') return { drain: ({ signal }) => work({ signal }) }
  if (typeof work?.drain === 'function') return { drain: ({ signal }) => work.drain({ signal }) }
  throw invalidArgument(
    `${what} takes a function, or an object with a drain() method, not ${show(work)}. Pass what ends it: () => pool.end().`,
  )
}
