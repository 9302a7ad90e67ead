import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { answerWithConnectionClose } from './connection-close.ts'
import type { ConnectionMoves } from './connection-moves.ts'
import type { ConnectionTracker, TrackedConnection } from './connection-tracker.ts'
import { Goodbye } from './goodbye.ts'
import { type HttpIdleness, type HttpSocket, movabilityOf } from './http-idleness.ts'
import type { Movability, MovableConnection } from './movable-connection.ts'
import type { CutWork } from './shutdown-report.ts'
import { closeWebSocket } from './websocket-close.ts'

export type HttpConnectionOptions = {
  lingerMs: number
  drainUpgraded: DrainUpgraded | undefined
}

/** Asks one upgraded connection to end. */
export type DrainUpgraded = (socket: Socket, request: IncomingMessage) => void

const pollMs = 20

/**
 * One HTTP/1.1 connection: idle, or answering the requests that it has received, or upgraded. While it drains, it moves to another process
 * as soon as it is idle, if there is one. Otherwise it answers with `Connection: close`, and is closed after it has been idle for
 * `lingerMs`. An immediate close would race with a request that is already in flight to us.
 */
export class HttpConnection implements TrackedConnection, MovableConnection {
  readonly socket: HttpSocket
  readonly #tracker: ConnectionTracker
  readonly #moves: ConnectionMoves
  readonly #options: HttpConnectionOptions
  /** Whether the server's list of active parsers has this one during a request. Else the list says nothing about this connection. */
  readonly #isKnownToNode: boolean
  /** Received and not yet answered in full, oldest first. */
  readonly #responses: ServerResponse[] = []
  #upgrade: { request: IncomingMessage; bytesWritten: number } | undefined
  #timer: NodeJS.Timeout | undefined
  #bytesReadWhenIdle = 0
  #goodbye: Goodbye | undefined
  #stays = false
  #movesUntil = Number.POSITIVE_INFINITY

  constructor(
    socket: Socket,
    tracker: ConnectionTracker,
    moves: ConnectionMoves,
    options: HttpConnectionOptions,
    isKnownToNode: boolean,
  ) {
    this.#isKnownToNode = isKnownToNode
    this.socket = socket
    this.#tracker = tracker
    this.#moves = moves
    this.#options = options
  }

  /**
   * Finds out what is in progress on a connection that was not followed until now.
   *
   * @param idleness tells which connections of the server are between two requests
   */
  catchUp(idleness: () => HttpIdleness): void {
    const { parser, _httpMessage: response, bytesRead } = this.socket
    if (response) {
      this.#follow(response)
      return
    }
    if (bytesRead === 0) return
    const request = parser?.incoming
    if (request && !request.complete) this.#awaitRest(request)
    // The beginning of a request has arrived.
    else if (parser && !idleness().isIdle(this.socket)) return
    this.#bytesReadWhenIdle = bytesRead
  }

  received(response: ServerResponse): void {
    if (this.#responses.includes(response)) return
    this.#follow(response)
    if (!this.#tracker.draining) return
    clearTimeout(this.#timer)
    this.#answerWithConnectionClose(response)
  }

  upgraded(request: IncomingMessage): void {
    this.#upgrade = { request, bytesWritten: this.socket.bytesWritten }
    if (this.#tracker.draining) this.drain()
  }

  drain(): void {
    clearTimeout(this.#timer)
    this.#movesUntil = performance.now() + this.#options.lingerMs
    for (const response of this.#responses) this.#answerWithConnectionClose(response)
    if (this.#upgrade) this.#drainUpgraded(this.#upgrade)
    else if (this.#responses.length === 0) this.#moveOrLinger()
  }

  movability(idleness: HttpIdleness): Movability {
    if (this.#upgrade || !this.#isKnownToNode) return 'never'
    return this.#responses.length > 0 ? 'later' : movabilityOf(this.socket, idleness)
  }

  later(): void {
    // A connection with requests in flight is offered after the last of them. A client that always has some in flight must get
    // `Connection: close` at some time.
    if (this.#responses.length === 0) this.#timer = setTimeout(() => this.#moves.offer(this), pollMs)
    else if (performance.now() > this.#movesUntil) this.stays()
  }

  stays(): void {
    this.#stays = true
    if (!this.#upgrade) this.drain()
  }

  cut(): CutWork[] {
    const work = this.#workUnderWay()
    if (work.length === 0) {
      if (this.#isAmidHead) this.#tracker.closedIncomplete += 1
      else this.#tracker.closedIdle += 1
    }
    this.socket.destroy()
    return work
  }

  closed(): void {
    clearTimeout(this.#timer)
    this.#goodbye?.end()
  }

  #workUnderWay(): CutWork[] {
    if (this.#upgrade) {
      if (this.#goodbye?.isSilent) return []
      const { headers, method, url = '' } = this.#upgrade.request
      return [{ type: 'upgraded', protocol: headers.upgrade ?? method ?? '', url }]
    }
    return this.#responses.map(({ req: { method = '', url = '' } }) => ({ type: 'request', method, url }))
  }

  /** Whether the beginning of a request has arrived. */
  get #isAmidHead(): boolean {
    return !this.#upgrade && this.socket.writable && this.socket.bytesRead > this.#bytesReadWhenIdle
  }

  get #mayMove(): boolean {
    return !this.#stays && this.#moves.arePossible
  }

  #answerWithConnectionClose(response: ServerResponse): void {
    if (this.#mayMove) return
    answerWithConnectionClose(response, () => this.#responses.at(-1) === response)
  }

  #follow(response: ServerResponse): void {
    this.#responses.push(response)
    response.once('close', () => this.#answered(response))
  }

  #answered(response: ServerResponse): void {
    this.#responses.splice(this.#responses.indexOf(response), 1)
    this.#bytesReadWhenIdle = this.socket.bytesRead
    if (!response.req.complete) this.#awaitRest(response.req)
    if (!this.#tracker.draining) return
    if (response.writableFinished) this.#tracker.answered += 1
    this.#lingerAfterAnswer()
  }

  /** Waits for the rest of a request that was answered early. */
  #awaitRest(request: IncomingMessage): void {
    request.once('close', () => this.#receivedRest())
  }

  #receivedRest(): void {
    this.#bytesReadWhenIdle = this.socket.bytesRead
    if (this.#tracker.draining) this.#lingerAfterAnswer()
  }

  #lingerAfterAnswer(): void {
    if (this.#responses.length > 0 || this.#upgrade || this.socket.destroyed) return
    clearTimeout(this.#timer)
    if (this.socket.writable) this.#moveOrLinger()
    else this.#awaitClientsEnd()
  }

  #moveOrLinger(): void {
    if (this.#mayMove) this.#moves.offer(this)
    else this.#linger()
  }

  #linger(): void {
    // The check phase comes after everything that had arrived by then has been read and parsed.
    this.#timer = setTimeout(() => setImmediate(() => this.#closeIfIdle()), this.#options.lingerMs)
  }

  #closeIfIdle(): void {
    if (this.socket.destroyed || this.#responses.length > 0 || this.#upgrade) return
    // The head of a request is arriving, so the connection is not idle. headersTimeout limits that.
    if (this.#isAmidHead) return
    this.#tracker.closedIdle += 1
    this.socket.destroySoon()
  }

  /** Waits for the client to close, because our side has closed. */
  #awaitClientsEnd(): void {
    this.#goodbye?.end()
    this.#goodbye = new Goodbye(this.socket, this.#options.lingerMs, () => {
      this.#tracker.closedIdle += 1
      this.socket.destroy()
    })
  }

  #drainUpgraded({ request, bytesWritten }: { request: IncomingMessage; bytesWritten: number }): void {
    if (this.socket.bytesWritten === bytesWritten) {
      // The handler has not yet answered the upgrade. Nothing else may be written before that.
      this.#timer = setTimeout(() => this.drain(), pollMs)
      return
    }
    const { drainUpgraded } = this.#options
    if (drainUpgraded) {
      this.#tracker.attempt(() => drainUpgraded(this.socket, request))
      return
    }
    if (request.headers.upgrade?.toLowerCase() === 'websocket') closeWebSocket(this.socket)
    else this.socket.end()
    this.#awaitClientsEnd()
  }
}
