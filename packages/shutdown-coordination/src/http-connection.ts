import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { answerWithConnectionClose } from './connection-close.ts'
import type { ConnectionTracker, TrackedConnection } from './connection-tracker.ts'
import type { CutWork } from './shutdown-report.ts'
import { closeWebSocket } from './websocket-close.ts'

export type HttpConnectionOptions = {
  lingerMs: number
  drainUpgraded: DrainUpgraded | undefined
}

/** Asks one upgraded connection to come to an end. */
export type DrainUpgraded = (socket: Socket, request: IncomingMessage) => void

const handshakePollMs = 20

/**
 * One HTTP/1.1 connection: idle, or answering the requests it has received, or upgraded. While it drains it
 * answers with `Connection: close`, and is closed after it has been idle for `lingerMs`: closing it at once
 * would race with a request that is already under way to us.
 */
export class HttpConnection implements TrackedConnection {
  readonly #socket: Socket
  readonly #tracker: ConnectionTracker
  readonly #options: HttpConnectionOptions
  /** Received and not answered in full, oldest first. */
  readonly #responses: ServerResponse[] = []
  #upgrade: { request: IncomingMessage; bytesWritten: number } | undefined
  #timer: NodeJS.Timeout | undefined
  #bytesReadWhenIdle = 0

  constructor(socket: Socket, tracker: ConnectionTracker, options: HttpConnectionOptions) {
    this.#socket = socket
    this.#tracker = tracker
    this.#options = options
  }

  received(response: ServerResponse): void {
    if (this.#responses.includes(response)) return
    this.#responses.push(response)
    response.once('close', () => this.#answered(response))
    if (!this.#tracker.draining) return
    clearTimeout(this.#timer)
    this.#answerWithConnectionClose(response)
  }

  upgraded(request: IncomingMessage): void {
    this.#upgrade = { request, bytesWritten: this.#socket.bytesWritten }
    if (this.#tracker.draining) this.drain()
  }

  drain(): void {
    clearTimeout(this.#timer)
    for (const response of this.#responses) this.#answerWithConnectionClose(response)
    if (this.#upgrade) this.#drainUpgraded(this.#upgrade)
    else if (this.#responses.length === 0) this.#linger()
  }

  cut(): CutWork[] {
    this.#socket.destroy()
    if (this.#upgrade) {
      const { headers, method, url = '' } = this.#upgrade.request
      return [{ type: 'upgraded', protocol: headers.upgrade ?? method ?? '', url }]
    }
    if (this.#responses.length === 0) return [{ type: 'idle' }]
    return this.#responses.map(({ req: { method = '', url = '' } }) => ({ type: 'request', method, url }))
  }

  closed(): void {
    clearTimeout(this.#timer)
  }

  #answerWithConnectionClose(response: ServerResponse): void {
    answerWithConnectionClose(response, () => this.#responses.at(-1) === response)
  }

  #answered(response: ServerResponse): void {
    this.#responses.splice(this.#responses.indexOf(response), 1)
    this.#bytesReadWhenIdle = this.#socket.bytesRead
    if (!this.#tracker.draining) return
    if (response.writableFinished) this.#tracker.answered += 1
    if (this.#responses.length === 0 && this.#socket.writable) this.#linger()
  }

  #linger(): void {
    // In the check phase everything that had arrived when the time was up has been read and parsed.
    this.#timer = setTimeout(() => setImmediate(() => this.#closeIfIdle()), this.#options.lingerMs)
  }

  #closeIfIdle(): void {
    if (this.#socket.destroyed || this.#responses.length > 0 || this.#upgrade) return
    // The beginning of a request has come in: that is not idle, and headersTimeout bounds it.
    if (this.#socket.bytesRead > this.#bytesReadWhenIdle) return
    this.#tracker.closedIdle += 1
    this.#socket.destroySoon()
  }

  #drainUpgraded({ request, bytesWritten }: { request: IncomingMessage; bytesWritten: number }): void {
    if (this.#socket.bytesWritten === bytesWritten) {
      // The handler has not yet answered the upgrade: nothing else may be written before that.
      this.#timer = setTimeout(() => this.drain(), handshakePollMs)
      return
    }
    const { drainUpgraded } = this.#options
    if (drainUpgraded) this.#tracker.attempt(() => drainUpgraded(this.#socket, request))
    else if (request.headers.upgrade?.toLowerCase() === 'websocket') closeWebSocket(this.#socket)
    else this.#socket.end()
  }
}
