import type { Socket } from 'node:net'
import type { ServerOptions } from '@shellflip/shutdown-coordination'

/**
 * Moves a connection to a successor, together with what the program knows about it. Neither function may be async: the connection must not
 * change between the call and the move.
 */
export type ConnectionCarrier = {
  /**
   * Returns what the successor must know about this connection, at most 200 KiB. For a node:net server this includes bytes that the program
   * has read but not processed. The library calls it when the connection can move, and reads nothing more from the socket after that.
   * Undefined keeps the connection in this process, which drains it. An error does the same, and the event `connection-kept` reports it.
   */
  readonly give: (socket: Socket) => Uint8Array | undefined
  /**
   * Restores the connection in the successor, before any listener of the server sees the socket. `data` is empty if the predecessor is a
   * version without `give`. If it throws, the connection is closed, and the event `connection-lost` reports the error.
   */
  readonly take: (socket: Socket, data: Buffer) => void
}

/** How a server drains, and what happens to its connections in an upgrade. */
export type ServeOptions = Omit<ServerOptions, 'moveConnections'> & {
  /**
   * Whether open connections move to the successor, so that clients do not notice the upgrade. A connection of a plain HTTP/1.1 server
   * moves as soon as it is idle. If the program keeps data for each HTTP connection, it needs `{ give, take }` or false. Otherwise that
   * data is lost. A node:net server always needs `{ give, take }`. Connections of TLS, HTTP/2 and WebSocket stay, and drain.
   * @default true for HTTP/1.1, false for node:net
   */
  readonly moveConnections?: boolean | ConnectionCarrier
}
