import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Server, Socket } from 'node:net'
import type { ConnectionMoves } from './connection-moves.ts'
import type { ConnectionTracker } from './connection-tracker.ts'
import { HttpConnection, type HttpConnectionOptions } from './http-connection.ts'
import { HttpIdleness, type HttpSocket } from './http-idleness.ts'
import { onWithOthers } from './listener.ts'
import { awaitWholeReads } from './whole-reads.ts'

/**
 * The HTTP/1.1 connections of one server. Before the drain Node knows what each of them does, except for requests that wait behind another
 * one. So nothing follows a connection until it has such a request, is upgraded, or drains.
 */
export class HttpConnections {
  readonly #server: Server
  readonly #tracker: ConnectionTracker
  readonly #moves: ConnectionMoves
  readonly #options: HttpConnectionOptions
  readonly #follow: (socket: Socket) => HttpConnection
  #nodeKnows = false
  #idleness: HttpIdleness | undefined

  constructor(
    server: Server,
    tracker: ConnectionTracker,
    moves: ConnectionMoves,
    options: HttpConnectionOptions,
  ) {
    this.#server = server
    this.#tracker = tracker
    this.#moves = moves
    this.#options = options
    this.#follow = (socket) => this.#followNow(socket)
  }

  open(socket: Socket): void {
    // Node begins to know when the server listens. A program can also emit connections on a server that does not, or not yet.
    this.#nodeKnows ||= HttpIdleness.isKnown(this.#server)
    this.#tracker.add(socket, this.#nodeKnows ? this.#follow : this.#create(socket, false))
  }

  /**
   * Follows the requests of a server. Returns the undos.
   *
   * @param signal aborts when the shutdown begins
   */
  watchRequests(signal: AbortSignal): (() => void)[] {
    const received = (request: IncomingMessage, response: ServerResponse) => {
      // HTTP/2 requests in the compatible form arrive as the same event.
      if (request.httpVersionMajor < 2) this.#received(request.socket, response)
    }
    const upgraded = (request: IncomingMessage, socket: Socket) => this.#of(socket).upgraded(request)
    const undoWaits: (() => void)[] = []
    const waitForReads = () => {
      undoWaits.push(awaitWholeReads(this.#server, () => this.#tracker.draining, received))
    }
    if (signal.aborted) waitForReads()
    else signal.addEventListener('abort', waitForReads, { once: true })
    return [
      () => signal.removeEventListener('abort', waitForReads),
      () => undoWaits.pop()?.(),
      ...['request', 'checkContinue', 'checkExpectation'].map((event) =>
        onWithOthers(this.#server, event, received),
      ),
      ...['upgrade', 'connect'].map((event) => onWithOthers(this.#server, event, upgraded)),
    ]
  }

  /** Runs for each request, so it does nothing unless it must. */
  #received(socket: HttpSocket, response: ServerResponse): void {
    const isAlone = socket._httpMessage === response
    if (isAlone && this.#tracker.get(socket) === this.#follow) return
    this.#of(socket, !isAlone).received(response)
  }

  /** Returns what follows a socket. One that was open before we watched appears with its next request. */
  #of(socket: Socket, hasPast = true): HttpConnection {
    const tracked = this.#tracker.get(socket)
    if (tracked instanceof HttpConnection) return tracked
    const connection = hasPast ? this.#followNow(socket) : this.#create(socket)
    this.#tracker.add(socket, connection)
    return connection
  }

  #followNow(socket: Socket): HttpConnection {
    const connection = this.#create(socket)
    connection.catchUp(() => this.#currentIdleness())
    return connection
  }

  #create(socket: Socket, isKnownToNode = true): HttpConnection {
    return new HttpConnection(socket, this.#tracker, this.#moves, this.#options, isKnownToNode)
  }

  /** Asks Node once for all connections that begin to drain. Bytes arrive only between two turns of the event loop. */
  #currentIdleness(): HttpIdleness {
    if (this.#idleness === undefined) {
      this.#idleness = new HttpIdleness(this.#server)
      queueMicrotask(() => {
        this.#idleness = undefined
      })
    }
    return this.#idleness
  }
}
