import net from 'node:net'
import { serverHint, show, unknownOptionFault } from '@shellflip/internal'
import type { HandOver } from './hand-over.ts'
import type { DrainUpgraded } from './http-connection.ts'
import type { DrainSocket } from './net-connection.ts'
import { assertOptions, invalidArgument } from './shutdown-coordination-error.ts'

/** How one server drains; its protocol decides which of these matter. */
export type ServerOptions = {
  /** In the report, and in the `after` of a drain. No two are the same. @default 'server', 'server 2' … */
  name?: string
  /**
   * How long an HTTP/1.1 connection that is idle may stay so before it is closed. A request that comes within
   * that time is answered, with `Connection: close`. Shorter than what clients keep connections for, and those
   * that do not retry can see a reset; Node's own `keepAliveTimeout` has the same default.
   * @default 5_000
   */
  lingerMs?: number
  /**
   * How long to go on accepting after the shutdown began, for load balancers that lag behind: answer their
   * health checks by the coordinator's `signal` meanwhile. @default 0
   */
  keepAcceptingMs?: number
  /**
   * Asks an upgraded connection to come to an end, when the drain begins or when it is upgraded later.
   * @default a WebSocket is sent a close frame with 1001, of any other protocol our side is ended
   */
  drainUpgraded?: DrainUpgraded
  /**
   * Asks a connection of a net or tls server to come to an end, when the drain begins or when it is accepted later. It is called after
   * the program's listeners of `'connection'` or `'secureConnection'`.
   * @default nothing is done but to wait
   */
  drainSocket?: DrainSocket
  /**
   * Gives a connection to another process, instead of bringing it to its end here. Looked at when the drain begins: as a
   * getter it can be there for an upgrade only.
   *
   * A plain HTTP/1.1 server offers each connection when it is idle: at once, or after the answers that it is owed, which
   * do not say `Connection: close` then. What it does not take, or what was not idle for a moment within `lingerMs`,
   * lingers and is answered with `Connection: close`. A net server offers all of its connections when the drain begins,
   * and asks those that are not taken to end with `drainSocket`: whether they are amid something is the program's to
   * know. TLS, HTTP/2 and upgraded connections have state in this process, and are not offered.
   *
   * It should answer at once when nobody takes connections any more; at the deadline those that wait for an answer have
   * half a second for it, and are destroyed here then.
   * @default connections stay here
   */
  handOver?: HandOver | undefined
}

const checked = {
  name: 'string',
  lingerMs: 'milliseconds',
  keepAcceptingMs: 'milliseconds',
  drainUpgraded: 'function',
  drainSocket: 'function',
} as const

/** Throws unless `options` are some that this server can use. */
export function assertServerOptions(server: net.Server, options: ServerOptions): void {
  const unknown = unknownOptionFault('server()', options, [...Object.keys(checked), 'handOver'])
  if (unknown !== undefined) throw invalidArgument(unknown)
  // A getter of handOver is read when the drain begins, and not before.
  const others = Object.keys(checked).map((name) => [name, options[name as keyof typeof checked]])
  assertOptions('server()', Object.fromEntries(others), checked)
  const handOver = Object.getOwnPropertyDescriptor(options, 'handOver')?.value
  assertOptions('server()', { handOver }, { handOver: 'function' })
  const speaksHttp = 'headersTimeout' in server || 'updateSettings' in server
  if (options.drainSocket && speaksHttp) {
    throw invalidArgument('server(): drainSocket is for servers of node:net and node:tls. Use drainUpgraded.')
  }
  if (options.drainUpgraded && !speaksHttp) {
    throw invalidArgument('server(): drainUpgraded is for HTTP servers. Use drainSocket.')
  }
}

/** Throws unless it is a server whose connections can be followed. */
export function assertServer(server: unknown): asserts server is net.Server {
  if (server instanceof net.Server) return
  const what = `server() takes a server of node:net, tls, http, https or http2, not ${show(server)}.`
  throw invalidArgument(`${what} ${hintFor(server)}`)
}

function hintFor(server: unknown): string {
  if (typeof server === 'function') return 'Pass createServer(app), or what app.listen() returns.'
  return serverHint(server) ?? 'Register anything else with drain().'
}
