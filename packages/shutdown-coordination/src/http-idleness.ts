import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Server, Socket } from 'node:net'
import type { Movability } from './movable-connection.ts'
import { isQuiet } from './socket-reading.ts'

/** The list of parsers that http.Server keeps for its timeouts. It is not documented, so the code checks that it exists. */
type ConnectionsList = { idle?: () => object[] }

/** A socket of an HTTP server. The parser and the response in progress are not documented. */
export type HttpSocket = Socket & {
  parser?: { incoming?: IncomingMessage | null } | null
  _httpMessage?: ServerResponse | null
  encrypted?: boolean
}

/** Returns the parsers that are between two requests, or undefined where this Node does not report them. Node checks all of them. */
export function idleParsersOf(server: Server): ReadonlySet<object> | undefined {
  const list = connectionsListOf(server)
  return typeof list?.idle === 'function' ? new Set(list.idle()) : undefined
}

/** Whether this Node reports which connections of the server are idle. */
export function tellsIdleParsers(server: Server): boolean {
  return typeof connectionsListOf(server)?.idle === 'function'
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
export function movabilityOf(socket: HttpSocket, idleParsers: ReadonlySet<unknown>): Movability {
  const quiet = isQuiet(socket)
  if (quiet === undefined || socket.encrypted || socket.readableEnded || !socket.parser) return 'never'
  // It is also set for as long as pipelined answers wait.
  if (!quiet || socket._httpMessage) return 'later'
  // A new connection is in no list before its first byte. One in the middle of the head or the body of a request is not idle.
  return socket.bytesRead === 0 || idleParsers.has(socket.parser) ? 'now' : 'later'
}
