import net from 'node:net'
import tls from 'node:tls'
import { LoadFailure } from '@shellflip/testing'
import { AnswerReader } from './answer-reader.mjs'

/** Opens a raw socket to a `{ host, port }` or a `{ path }`. */
export function openSocket({ target, secure }) {
  const socket = secure ? tls.connect({ ...target, rejectUnauthorized: false }) : net.connect(target)
  return socket.setNoDelay(true)
}

/** One HTTP/1.1 connection with any number of requests in flight. It repeats none, and is exact about the fate of each. */
export class Connection {
  #socket
  #reader = new AnswerReader()
  #sentAt = []
  #isOpen = true
  #isAnnounced = false
  #listener

  /** `listener`: `opened()`, `answered(answer, latencyMs)`, `failed(kind, count)`, `ended({ closedIdle })`. */
  constructor(where, listener) {
    this.#listener = listener
    this.#socket = openSocket(where)
    this.#socket.on(where.secure ? 'secureConnect' : 'connect', () => listener.opened())
    this.#socket.on('data', (chunk) => this.#received(chunk))
    this.#socket.on('end', () => this.#end('closed'))
    this.#socket.on('error', (error) => this.#end(LoadFailure.of(error).kind))
    this.#socket.on('close', () => this.#end('closed'))
  }

  /** Whether a request may be sent: nobody has closed the connection, or announced it. */
  get isOpen() {
    return this.#isOpen && !this.#isAnnounced
  }

  get inFlight() {
    return this.#sentAt.length
  }

  request(bytes) {
    this.#sentAt.push(performance.now())
    this.#socket.write(bytes)
  }

  /** Closes from our side. The requests in flight fail as `kind`. */
  close(kind = 'closed') {
    this.#end(kind, { byUs: true })
  }

  #received(chunk) {
    try {
      this.#reader.read(chunk, (answer) => this.#answered(answer))
      if (this.#isOpen && this.inFlight === 0 && this.#reader.begun)
        throw new Error('an answer to no request')
    } catch {
      this.close('malformed')
    }
  }

  #answered(answer) {
    if (!this.#isOpen) return
    const sentAt = this.#sentAt.shift()
    if (sentAt === undefined) throw new Error('an answer to no request')
    if (answer.isLast) this.#isAnnounced = true
    this.#listener.answered(answer, performance.now() - sentAt)
    if (this.#isAnnounced && this.inFlight === 0) this.close()
  }

  #end(kind, { byUs = false } = {}) {
    if (!this.#isOpen) return
    this.#isOpen = false
    const { inFlight } = this
    this.#sentAt = []
    if (inFlight > 0) this.#listener.failed(kind, inFlight)
    this.#listener.ended({ closedIdle: !byUs && inFlight === 0 && !this.#isAnnounced })
    this.#socket.destroy()
  }
}
