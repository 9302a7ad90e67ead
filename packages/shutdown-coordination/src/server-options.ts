import type { DrainUpgraded } from './http-connection.ts'
import type { DrainSocket } from './net-connection.ts'

/** How one server drains; its protocol decides which of these matter. */
export type ServerOptions = {
  /** In the report. @default 'server' */
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
  /** Asks a connection of a net or tls server to come to an end. @default nothing is done but to wait */
  drainSocket?: DrainSocket
}
