import { generationIn } from './answer-reader.mjs'
import { Connection } from './connection.mjs'

/** A client that met an error pauses, or it would spin where nobody listens. */
export const pauseAfterFailureMs = 5

/**
 * A client that uses one connection at a time. It keeps `depth` requests in flight, or opens a connection for each request. It
 * never repeats a request.
 */
export class RequestClient {
  #load
  #shape
  #bytes
  #connections = new Set()
  #current
  #wasOpen = false
  #timers = new Set()
  #hasOutcome = () => {}

  constructor(load, shape) {
    this.#load = load
    this.#shape = { depth: 1, thinkMs: 0, path: '/', keepAlive: true, ...shape }
    const persistence = this.#shape.keepAlive ? 'keep-alive' : 'close'
    this.#bytes = `GET ${this.#shape.path} HTTP/1.1\r\nHost: bench\r\nConnection: ${persistence}\r\n\r\n`
  }

  /** Resolves at the first outcome of a request, or where none is due. */
  start() {
    return new Promise((resolve) => {
      this.#hasOutcome = resolve
      for (let n = 0; n < this.#shape.depth; n++) this.#send()
    })
  }

  /** Sends no more. Requests in flight may still be answered. */
  stop() {
    this.#hasOutcome()
    for (const timer of this.#timers) clearTimeout(timer)
    for (const connection of this.#connections) if (connection.inFlight === 0) connection.close()
  }

  /** Fails the requests that are still in flight. */
  abandon() {
    for (const connection of this.#connections) connection.close('hanging')
  }

  #send() {
    if (!this.#load.takeRequest()) return this.#hasOutcome()
    if (!this.#current?.isOpen) this.#current = this.#connect()
    this.#current.request(this.#bytes)
  }

  #connect() {
    const connection = new Connection(this.#load.where, {
      opened: () => this.#opened(),
      answered: (answer, latencyMs) => this.#answered(connection, answer, latencyMs),
      failed: (kind, count) => this.#failed(kind, count),
      ended: ({ closedIdle }) => {
        this.#connections.delete(connection)
        if (closedIdle) this.#load.segment.closedIdle += 1
      },
    })
    this.#connections.add(connection)
    return connection
  }

  #opened() {
    if (this.#wasOpen && this.#shape.keepAlive) this.#load.segment.reconnects += 1
    this.#wasOpen = true
  }

  #answered(connection, answer, latencyMs) {
    this.#hasOutcome()
    const { status } = answer
    if (!this.#shape.keepAlive) connection.close()
    const id = status === 200 ? generationIn(this.#shape.path, answer) : undefined
    if (id === undefined) this.#load.failed(status === 200 ? 'body' : 'status')
    else this.#load.answered(id, latencyMs)
    this.#sendAfter(this.#shape.thinkMs)
  }

  #failed(kind, count) {
    this.#hasOutcome()
    this.#load.failed(kind, count)
    for (let n = 0; n < count; n++) this.#sendAfter(Math.max(this.#shape.thinkMs, pauseAfterFailureMs))
  }

  #sendAfter(ms) {
    if (ms === 0) return this.#send()
    const timer = setTimeout(() => {
      this.#timers.delete(timer)
      this.#send()
    }, ms)
    this.#timers.add(timer)
  }
}
