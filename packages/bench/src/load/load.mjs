import { setTimeout as delay } from 'node:timers/promises'
import { sharedNow } from './clock.mjs'
import { LiveClient } from './live-client.mjs'
import { RequestClient } from './request-client.mjs'
import { Segment } from './segment.mjs'
import { stream } from './stream.mjs'
import { webSocket } from './web-socket.mjs'

const clientsOf = {
  requests: (load, shape) => new RequestClient(load, shape),
  streams: (load, shape) => new LiveClient(load, shape, stream),
  webSockets: (load, shape) => new LiveClient(load, shape, webSocket),
}

const slice = 64
const betweenSlicesMs = 5
const startedWithinMs = 10_000

/** Many clients of one shape on one service. Counts by segments, and notes when each generation has answered. */
export class Load {
  segment = new Segment()
  isStopping = false
  /** Where the load goes: `{ target, secure }`. */
  where
  /** Resolves when each client has its first outcome, or after 10 s. */
  started
  #ids = new Map()
  #clients
  #left
  #inFlight = 0

  /**
   * `shape`: `{ clients: 'requests' | 'streams' | 'webSockets', connections, … }`, as ../cells/shapes.mjs lists them. With
   * `requests` the load ends by itself after that number.
   */
  constructor({ target, secure = false, shape }) {
    this.where = { target, secure }
    this.#left = shape.requests ?? Number.POSITIVE_INFINITY
    this.#clients = Array.from({ length: shape.connections }, () => clientsOf[shape.clients](this, shape))
    this.started = this.#startClients()
  }

  /**
   * Starts clients in slices. Each slice waits for the answers of the one before it, so that the first connections do not overflow
   * the queue of a listening socket. A connect that the queue drops takes a second longer.
   */
  async #startClients() {
    const late = delay(startedWithinMs, undefined, { ref: false })
    for (let n = 0; n < this.#clients.length && !this.isStopping; n += slice) {
      if (n > 0) await delay(betweenSlicesMs)
      const starting = this.#clients.slice(n, n + slice).map((client) => client.start())
      await Promise.race([Promise.all(starting), late])
    }
  }

  /** Each generation that has answered: `[id, { firstAt, lastAt }]`, by the shared clock. */
  get ids() {
    return [...this.#ids]
  }

  /** Resolves with the number of long-lived connections that are established: all of them, or as many as `deadlineMs` allows. */
  async established(deadlineMs) {
    const deadline = performance.now() + deadlineMs
    const count = () => this.#clients.filter(({ isLive }) => isLive).length
    while (count() < this.#clients.length && performance.now() < deadline) await delay(20)
    return count()
  }

  /** Ends the segment, and begins the next one. */
  cut() {
    const { counts, next } = this.segment.cutHere()
    this.segment = next
    return counts
  }

  /** Resolves when every request of a limited load has its outcome, or after `deadlineMs`. */
  async finished(deadlineMs = 10_000) {
    const deadline = performance.now() + deadlineMs
    while ((this.#left > 0 || this.#inFlight > 0) && performance.now() < deadline) await delay(5)
  }

  /** Sends no more, waits for answers that are due, and counts those that do not come as `hanging`. */
  async stop(hangingAfterMs = 5_000) {
    this.#left = 0
    this.isStopping = true
    for (const client of this.#clients) client.stop()
    await this.finished(hangingAfterMs)
    for (const client of this.#clients) client.abandon()
    return this.cut()
  }

  takeRequest() {
    if (this.#left <= 0) return false
    this.#left -= 1
    this.#inFlight += 1
    return true
  }

  answered(id, latencyMs) {
    this.#inFlight -= 1
    this.segment.answered(latencyMs)
    const now = sharedNow()
    const seen = this.#ids.get(id)
    if (seen) seen.lastAt = now
    else this.#ids.set(id, { firstAt: now, lastAt: now })
  }

  failed(kind, count = 1) {
    this.#inFlight -= count
    this.segment.failed(kind, count)
  }

  /** A long-lived connection is established. */
  begun() {
    this.segment.ok += 1
  }

  echoed(latencyMs) {
    this.segment.answered(latencyMs)
  }
}
