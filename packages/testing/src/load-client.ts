import { setMaxListeners } from 'node:events'
import { setTimeout as delay } from 'node:timers/promises'
import type { Answer } from './load-client-answer.ts'
import { LoadConnection, type LoadTarget } from './load-client-connection.ts'
import { LoadFailure } from './load-client-failure.ts'
import { LatencyHistogram } from './load-client-histogram.ts'
import { type LoadCounts, type LoadReport, noCounts } from './load-client-report.ts'
import { readStream } from './load-client-stream.ts'

export type LoadOptions = {
  /** Where the load goes. */
  target: LoadTarget

  /** Clients that send one request after the other on one connection, and never repeat one. @default 0 */
  keepAlive?: number
  /** Clients that open a connection for each request. @default 0 */
  newConnections?: number
  /** Clients that open a connection, ask for `longLivedPath`, and expect its answer never to end. @default 0 */
  longLived?: number
  /** How long each client waits after an answer. 0 is the worst case for servers that close. @default 0 */
  thinkTimeMs?: number
  /** @default '/' */
  path?: string
  /** @default '/stream' */
  longLivedPath?: string
  /** The body that a right answer (200) has. */
  expectBody?: RegExp | ((body: string) => boolean)
  /** Sees each answer that was right. */
  onAnswer?: (answer: Answer) => void
  /** How long `stop()` waits for the answers that are due. @default 5_000 */
  hangingAfterMs?: number
}

/** A client that met an error pauses, or it would spin where nobody listens. */
const pauseAfterFailureMs = 5

/**
 * Load on a server of HTTP/1.1, over raw sockets so that it counts exactly: each request ends as `ok` or as one
 * kind of failure, and none is repeated. A keep-alive connection that the server closes between two requests,
 * or announces to close, is opened anew and counted as a reconnect; closed with a request written, it is a failure.
 */
export class LoadClient implements AsyncDisposable {
  readonly counts: LoadCounts = noCounts()
  readonly #options: LoadOptions
  readonly #connections = new Set<LoadConnection>()
  readonly #clients: Promise<void>[] = []
  readonly #stopping = new AbortController()
  readonly #latencies = new LatencyHistogram()
  readonly #startedAt = performance.now()
  #lastAnswerAt: number | undefined
  #maxGapMs = 0
  #report: Promise<LoadReport> | undefined

  static start(options: LoadOptions): LoadClient {
    return new LoadClient(options)
  }

  private constructor(options: LoadOptions) {
    this.#options = options
    // Every client listens; ten is where Node begins to suspect a leak.
    setMaxListeners(0, this.#stopping.signal)
    const { keepAlive = 0, newConnections = 0, longLived = 0 } = options
    for (let n = 0; n < keepAlive; n++) this.#clients.push(this.#keepAliveClient())
    for (let n = 0; n < newConnections; n++) this.#clients.push(this.#newConnectionsClient())
    for (let n = 0; n < longLived; n++) this.#clients.push(this.#longLivedClient())
  }

  /** Asks no more, waits for the answers that are due, closes everything, and reports. May be called twice. */
  stop(): Promise<LoadReport> {
    this.#report ??= this.#stop()
    return this.#report
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop()
  }

  async #stop(): Promise<LoadReport> {
    const elapsedMs = performance.now() - this.#startedAt
    this.#stopping.abort()
    const { hangingAfterMs = 5_000 } = this.#options
    const hanging = setTimeout(() => {
      for (const connection of this.#connections) connection.close(new LoadFailure('hanging'))
    }, hangingAfterMs)
    await Promise.all(this.#clients)
    clearTimeout(hanging)
    const latencyMs = {
      p50: this.#latencies.quantileMs(0.5),
      p99: this.#latencies.quantileMs(0.99),
      max: this.#latencies.maxMs,
    }
    return { ...structuredClone(this.counts), elapsedMs, latencyMs, maxGapMs: this.#maxGapMs }
  }

  async #keepAliveClient(): Promise<void> {
    let connection = this.#connect()
    while (!this.#stopping.signal.aborted) {
      if (!connection.isOpen) connection = this.#connect()
      const succeeded = await this.#ask(connection, 'keep-alive')
      await this.#think(succeeded)
      if (succeeded && !connection.isOpen && !this.#stopping.signal.aborted) this.counts.reconnects += 1
      if (!connection.isOpen) this.#disconnect(connection)
    }
    this.#disconnect(connection)
  }

  async #newConnectionsClient(): Promise<void> {
    while (!this.#stopping.signal.aborted) {
      const connection = this.#connect()
      const succeeded = await this.#ask(connection, 'close')
      this.#disconnect(connection)
      await this.#think(succeeded)
    }
  }

  async #longLivedClient(): Promise<void> {
    const { target, longLivedPath = '/stream' } = this.#options
    const { longLived } = this.counts
    while (!this.#stopping.signal.aborted) {
      let opened = 0
      await readStream(target, longLivedPath, this.#stopping.signal, () => {
        opened = 1
        longLived.open += 1
      })
      longLived.open -= opened
      if (!this.#stopping.signal.aborted) longLived.cut += 1
      await this.#think(false)
    }
  }

  async #ask(connection: LoadConnection, persistence: 'keep-alive' | 'close'): Promise<boolean> {
    const { path = '/', onAnswer } = this.#options
    this.counts.requests += 1
    const askedAt = performance.now()
    try {
      const answer = await connection.request(path, persistence)
      this.#answered(askedAt)
      this.#assertRight(answer)
      this.counts.ok += 1
      onAnswer?.(answer)
      return true
    } catch (error) {
      if (!(error instanceof LoadFailure)) throw error
      this.counts.failed += 1
      this.counts.failures[error.kind] += 1
      return false
    }
  }

  #answered(askedAt: number): void {
    const now = performance.now()
    this.#latencies.record(now - askedAt)
    if (this.#lastAnswerAt !== undefined) this.#maxGapMs = Math.max(this.#maxGapMs, now - this.#lastAnswerAt)
    this.#lastAnswerAt = now
  }

  #assertRight({ status, body }: Answer): void {
    if (status !== 200) throw new LoadFailure('status', `answered with ${status}`)
    const { expectBody } = this.#options
    if (expectBody === undefined) return
    const isRight = typeof expectBody === 'function' ? expectBody(body) : expectBody.test(body)
    if (!isRight) throw new LoadFailure('body', `answered with ${body.slice(0, 100)}`)
  }

  async #think(succeeded: boolean): Promise<void> {
    const { thinkTimeMs = 0 } = this.#options
    const pauseMs = succeeded ? thinkTimeMs : Math.max(thinkTimeMs, pauseAfterFailureMs)
    if (pauseMs > 0) await delay(pauseMs, undefined, { signal: this.#stopping.signal }).catch(() => {})
  }

  #connect(): LoadConnection {
    const connection = new LoadConnection(this.#options.target)
    this.#connections.add(connection)
    return connection
  }

  #disconnect(connection: LoadConnection): void {
    this.#connections.delete(connection)
    connection.close()
  }
}
