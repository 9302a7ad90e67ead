import type { Socket } from 'node:net'
import type { ServerOptions } from '@shellflip/shutdown-coordination'

/** How the connections of a node:net server go to a successor, with what the program knows of each. */
export type ConnectionCarrier = {
  /**
   * What the successor must know of this connection, bytes that were read and not answered included, at most 200 KiB.
   * Called when the drain begins; nothing more is read of the socket then. Undefined keeps it here.
   */
  readonly give: (socket: Socket) => Uint8Array | undefined
  /** The same connection in the successor, before the server's own listeners see it. */
  readonly take: (socket: Socket, data: Buffer) => void
}

/** How a server drains, and what becomes of its connections in an upgrade. */
export type ServeOptions = Omit<ServerOptions, 'handOver'> & {
  /**
   * Whether open connections go to the successor, where clients do not notice. Those of a plain HTTP/1.1 server do as
   * soon as they are idle; for a node:net server the program says what it knows of each. TLS, HTTP/2 and WebSocket
   * connections stay, and drain.
   * @default true for HTTP/1.1, false for node:net
   */
  readonly handOver?: boolean | ConnectionCarrier
}
