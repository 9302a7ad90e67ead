import type { Socket } from 'node:net'
import type { ServerOptions } from '@shellflip/shutdown-coordination'

/**
 * How a connection moves to a successor together with what the program knows of it. Neither function may be async: the
 * connection must not change between the call and the move.
 */
export type ConnectionCarrier = {
  /**
   * Returns what the successor must know of this connection, at most 200 KiB. For a node:net server that includes the
   * bytes that the program has read and not processed. Called when the connection can move: nothing more is read from the
   * socket then. Undefined keeps the connection in this process, which drains it. So does an error, which the event
   * `connection-kept` reports.
   */
  readonly give: (socket: Socket) => Uint8Array | undefined
  /**
   * Restores it in the successor, before any listener of the server sees the socket. `data` is empty if the predecessor is
   * a version without `give`. If it throws, the connection is closed, and the event `connection-lost` reports the error.
   */
  readonly take: (socket: Socket, data: Buffer) => void
}

/** How a server drains, and what becomes of its connections in an upgrade. */
export type ServeOptions = Omit<ServerOptions, 'handOver'> & {
  /**
   * Whether open connections move to the successor, so that clients do not notice the upgrade. A connection of a plain
   * HTTP/1.1 server moves as soon as it is idle. If the program keeps something for each HTTP connection, it needs `{ give, take }`
   * or false: what it keeps is lost otherwise. A node:net server always needs `{ give, take }`. Connections of TLS, HTTP/2
   * and WebSocket stay, and drain.
   * @default true for HTTP/1.1, false for node:net
   */
  readonly handOver?: boolean | ConnectionCarrier
}
