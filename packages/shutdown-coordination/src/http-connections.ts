import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Server, Socket } from 'node:net'
import type { ConnectionMoves } from './connection-moves.ts'
import type { ConnectionTracker } from './connection-tracker.ts'
import { HttpConnection, type HttpConnectionOptions } from './http-connection.ts'
import { onWithOthers } from './listener.ts'

/** The HTTP/1.1 connections of one server, by the sockets that its requests name. */
export class HttpConnections {
  readonly #tracker: ConnectionTracker
  readonly #moves: ConnectionMoves
  readonly #options: HttpConnectionOptions
  readonly #bySocket = new WeakMap<Socket, HttpConnection>()

  constructor(tracker: ConnectionTracker, moves: ConnectionMoves, options: HttpConnectionOptions) {
    this.#tracker = tracker
    this.#moves = moves
    this.#options = options
  }

  open(socket: Socket): HttpConnection {
    const connection = new HttpConnection(socket, this.#tracker, this.#moves, this.#options)
    this.#bySocket.set(socket, connection)
    this.#tracker.add(socket, connection)
    return connection
  }

  /** Follows the requests of a server. Returns the undos. */
  watchRequests(server: Server): (() => void)[] {
    const received = (request: IncomingMessage, response: ServerResponse) => {
      // HTTP/2 requests in the compatible form arrive as the same event.
      if (request.httpVersionMajor < 2) this.#of(request.socket).received(response)
    }
    const upgraded = (request: IncomingMessage, socket: Socket) => this.#of(socket).upgraded(request)
    return [
      ...['request', 'checkContinue', 'checkExpectation'].map((event) =>
        onWithOthers(server, event, received),
      ),
      ...['upgrade', 'connect'].map((event) => onWithOthers(server, event, upgraded)),
    ]
  }

  /** Returns the connection of a socket. One that was open before we watched appears with its next request. */
  #of(socket: Socket): HttpConnection {
    return this.#bySocket.get(socket) ?? this.open(socket)
  }
}
