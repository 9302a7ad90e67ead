import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Server, Socket } from 'node:net'
import type { Movability } from './movable-connection.ts'
import { isQuiet } from './socket-reading.ts'

/** The list of parsers that http.Server keeps for its timeouts. It is not documented, so the code checks that it exists. */
type ConnectionsList = { active?: () => object[] }

/** A socket of an HTTP server. The parser and the response in progress are not documented. */
export type HttpSocket = Socket & {
  parser?: { incoming?: IncomingMessage | null } | null
  server?: unknown
  _httpMessage?: ServerResponse | null
  encrypted?: boolean
}

/** Tells which connections of a server are between two requests, at one moment. */
export class HttpIdleness {
  readonly #server: Server
  #active: ReadonlySet<object> | undefined

  constructor(server: Server) {
    this.#server = server
  }

  /** Whether this Node reports which connections of the server are idle. */
  static isKnown(server: Server): boolean {
    return typeof connectionsListOf(server)?.active === 'function'
  }

  /** @param socket a connection that has sent something */
  isIdle({ parser, server }: HttpSocket): boolean {
    // Node lists the parsers whose request is incomplete. They are few, while thousands may be idle.
    this.#active ??= new Set(connectionsListOf(this.#server)?.active?.())
    // The list of another server says nothing about this one.
    return server === this.#server && parser != null && !this.#active.has(parser)
  }
}

function connectionsListOf(server: Server): ConnectionsList | undefined {
  const symbol = Object.getOwnPropertySymbols(server).find(
    ({ description }) => description === 'http.server.connections',
  )
  return symbol && (server as unknown as Record<symbol, ConnectionsList | undefined>)[symbol]
}

/**
 * Reports when a connection, on which no request is being answered, can move. It can while it is between two requests. Call it in the check
 * phase: a parser reads inside libuv's read callback, so nothing is read but not parsed there.
 */
export function movabilityOf(socket: HttpSocket, idleness: HttpIdleness): Movability {
  const quiet = isQuiet(socket)
  if (quiet === undefined || socket.encrypted || socket.readableEnded || !socket.parser) return 'never'
  // It is also set for as long as pipelined answers wait.
  if (!quiet || socket._httpMessage) return 'later'
  // A new connection is in no list before its first byte. One in the middle of the head or the body of a request is not idle.
  return socket.bytesRead === 0 || idleness.isIdle(socket) ? 'now' : 'later'
}
