import net from 'node:net'
import { serverHint, show } from '@shellflip/internal'
import type { DrainUpgraded } from './http-connection.ts'
import type { DrainSocket } from './net-connection.ts'
import { assertOptions, invalidArgument } from './shutdown-coordination-error.ts'

/** How one server drains. Its protocol decides which of these options matter. */
export type ServerOptions = {
  /** The name in the report, and in the `after` of a drain. It must be unique. @default 'server', 'server 2' … */
  name?: string
  /**
   * How long an HTTP/1.1 connection may stay idle before it is closed, in milliseconds. A request that comes within that time is answered,
   * with `Connection: close`. If clients keep connections for longer, those that do not retry can see a reset. Node's own
   * `keepAliveTimeout` has the same default.
   * @default 5_000
   */
  lingerMs?: number
  /**
   * How long to keep accepting after the shutdown began, in milliseconds, for load balancers that lag behind. Answer their health checks by
   * the coordinator's `signal` meanwhile. @default 0
   */
  keepAcceptingMs?: number
  /**
   * Asks an upgraded connection to end, when the drain begins or when it is upgraded later.
   * @default a WebSocket gets a close frame with 1001. For any other protocol our side is closed
   */
  drainUpgraded?: DrainUpgraded
  /**
   * Asks a connection of a net or tls server to end, when the drain begins or when it is accepted later. It is called after the program's
   * listeners of `'connection'` or `'secureConnection'`.
   * @default only waits
   */
  drainSocket?: DrainSocket
  /**
   * Whether connections move to another process, in a shutdown that has one: see `moveConnections` of `shutdown()`.
   *
   * A plain HTTP/1.1 server offers each connection when it is idle. That is at once, or after the pending answers, which then do not have
   * `Connection: close`. A connection that is not taken, or that was not idle for a moment within `lingerMs`, lingers and is answered with
   * `Connection: close`. A net server offers all of its connections when the drain begins. It asks those that are not taken to end with
   * `drainSocket`, because only the program knows whether they are in the middle of something. Upgraded connections stay. Connections
   * under TLS and of HTTP/2 have state in this process, so their servers refuse this option.
   * @default false
   */
  moveConnections?: boolean
}

const checked = {
  name: 'string',
  lingerMs: 'milliseconds',
  keepAcceptingMs: 'milliseconds',
  drainUpgraded: 'function',
  drainSocket: 'function',
  moveConnections: 'boolean',
} as const

/** Throws unless this server can use these `options`. */
export function assertServerOptions(server: net.Server, options: ServerOptions): void {
  assertOptions('watch()', options, checked)
  const speaksHttp = 'headersTimeout' in server || 'updateSettings' in server
  if (options.drainSocket && speaksHttp) {
    throw invalidArgument('watch(): drainSocket is for servers of node:net and node:tls. Use drainUpgraded.')
  }
  if (options.drainUpgraded && !speaksHttp) {
    throw invalidArgument('watch(): drainUpgraded is for HTTP servers. Use drainSocket.')
  }
  if (options.moveConnections && 'setSecureContext' in server) {
    throw invalidArgument('watch(): TLS connections cannot move, because their keys are in this process.')
  }
  if (options.moveConnections && 'updateSettings' in server) {
    throw invalidArgument(
      'watch(): HTTP/2 connections cannot move, because their streams are in this process.',
    )
  }
}

/** Throws unless it is a server whose connections can be followed. */
export function assertServer(server: unknown): asserts server is net.Server {
  if (server instanceof net.Server) return
  const what = `watch() takes a server of node:net, tls, http, https or http2, not ${show(server)}.`
  throw invalidArgument(`${what} ${hintFor(server)}`)
}

function hintFor(server: unknown): string {
  if (typeof server === 'function') return 'Pass createServer(app), or what app.listen() returns.'
  return serverHint(server) ?? 'Register anything else with onDrain().'
}
