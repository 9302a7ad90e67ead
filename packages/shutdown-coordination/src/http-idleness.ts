import type { Server, Socket } from 'node:net'
import type { Movability } from './movable-connection.ts'
import { isQuiet } from './socket-reading.ts'

/** The list of parsers that http.Server keeps for its timeouts: not documented, and so looked for. */
type ConnectionsList = { idle?: () => object[] }

type HttpSocket = Socket & { parser?: object | null; _httpMessage?: unknown; encrypted?: boolean }

/** The parsers that stand between two requests, or undefined where this Node does not tell. It looks at all of them. */
export function idleParsersOf(server: Server): ReadonlySet<object> | undefined {
  const list = connectionsListOf(server)
  return typeof list?.idle === 'function' ? new Set(list.idle()) : undefined
}

/** Whether this Node tells which connections of the server are idle. */
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
 * Whether a connection, on which no request is being answered, stands between two requests. To be asked in the check
 * phase: a parser reads inside libuv's read callback, so there nothing is read but not parsed.
 */
export function movabilityOf(socket: HttpSocket, idleParsers: ReadonlySet<unknown>): Movability {
  const quiet = isQuiet(socket)
  if (quiet === undefined || socket.encrypted || socket.readableEnded || !socket.parser) return 'never'
  // It is set for as long as pipelined answers wait, too.
  if (!quiet || socket._httpMessage) return 'later'
  // A new connection is in no list before its first byte; one amid the head or the body of a request is not idle.
  return socket.bytesRead === 0 || idleParsers.has(socket.parser) ? 'now' : 'later'
}
