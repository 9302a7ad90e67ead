import { LoadFailure } from '@shellflip/testing'
import { openSocket } from './connection.mjs'
import { pauseAfterFailureMs } from './request-client.mjs'

/**
 * A client of one long-lived connection, which it opens again when the server ends it. A connection that was established and then
 * ended is `cut`. One that could not be established is a failure.
 */
export class LiveClient {
  #load
  #protocol
  #everyMs
  #silentAfterMs
  #socket
  #session
  #wasLive = false
  #heardAt = 0
  #timer
  #hasOutcome = () => {}

  /** `protocol(socket, live)` speaks on a connection, and returns `{ received(chunk), isLive, inFlight, close() }`. */
  constructor(load, { everyMs, silentAfterMs = 2 * everyMs + 1_000 }, protocol) {
    this.#load = load
    this.#everyMs = everyMs
    this.#silentAfterMs = silentAfterMs
    this.#protocol = protocol
  }

  get isLive() {
    return this.#session?.isLive ?? false
  }

  /** Resolves when the first connection is established, or has ended. */
  start() {
    return new Promise((resolve) => {
      this.#hasOutcome = resolve
      this.#connect()
    })
  }

  stop() {
    this.#hasOutcome()
    clearTimeout(this.#timer)
    this.#session?.close()
    const isSilent = performance.now() - this.#heardAt > this.#silentAfterMs
    if (this.#session && isSilent) this.#load.segment.failed('hanging')
    this.#socket?.destroy()
  }

  /** Nothing is due on an endless connection. */
  abandon() {}

  #connect() {
    const socket = openSocket(this.#load.where)
    const session = this.#protocol(socket, this.#load, this.#everyMs)
    this.#socket = socket
    this.#session = session
    this.#heardAt = performance.now()
    const end = (kind) => this.#ended(socket, session, kind)
    socket.on('data', (chunk) => {
      this.#heardAt = performance.now()
      const wasLive = session.isLive
      const failure = session.received(chunk)
      if (!wasLive && session.isLive) this.#established()
      if (failure) end(failure)
    })
    socket.on('end', () => end('closed'))
    socket.on('error', (error) => end(LoadFailure.of(error).kind))
    socket.on('close', () => end('closed'))
  }

  #established() {
    this.#hasOutcome()
    if (this.#wasLive) this.#load.segment.reconnects += 1
    this.#wasLive = true
  }

  #ended(socket, session, kind) {
    if (socket !== this.#socket || session !== this.#session || this.#load.isStopping) return
    this.#hasOutcome()
    this.#session = undefined
    session.close()
    socket.destroy()
    if (session.isLive && kind !== 'body') this.#load.segment.cut += 1
    this.#load.segment.failed(kind, !session.isLive || kind === 'body' ? 1 : session.inFlight)
    this.#timer = setTimeout(() => this.#connect(), pauseAfterFailureMs)
  }
}
