import type { HandOver } from './hand-over.ts'
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
