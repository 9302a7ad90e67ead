import type { Server as HttpServer } from 'node:http'
import type { Server, Socket } from 'node:net'
import type { OwnedFd } from '@shellflip/fd-passing'
import { adoptHttpConnection, adoptNetConnection } from '@shellflip/handover'
import { invalidArgument } from '../shellflip-error.ts'
import { checkCarrier, giveSafely, takeSafely } from './connection-state.ts'
import type { ConnectionCarrier, ServeOptions } from './serve-options.ts'

/** Moves the connections of one server out of this process, and into it. */
export type ConnectionMover = {
  /** @returns what travels with the connection, or undefined if the connection stays */
  readonly give: (socket: Socket) => Buffer | undefined
  /**
   * Makes a connection of the predecessor a connection of this server.
   *
   * @throws {unknown} if `take` or a listener throws. The value is what it threw
   */
  readonly adopt: (fd: OwnedFd, data: Buffer) => void
}

/** Moves only the connection. Anything that the program keeps for it is lost. */
const nothingKept: ConnectionCarrier = { give: () => new Uint8Array(), take: () => {} }

/** Returns how this server's connections move, or undefined if they stay and drain. @throws {ShellflipError} ERR_INVALID_ARGUMENT */
export function connectionMover(
  server: Server,
  moveConnections: ServeOptions['moveConnections'],
): ConnectionMover | undefined {
  const speaks = protocolOf(server)
  if (moveConnections === false || (moveConnections === undefined && speaks !== 'http')) return undefined
  if (speaks === 'tls') {
    throw invalidArgument('TLS connections cannot move, because their keys are in this process')
  }
  if (speaks === 'http2') {
    throw invalidArgument('HTTP/2 connections cannot move, because their streams are in this process')
  }
  if (moveConnections === true && speaks === 'net') {
    throw invalidArgument(
      'a node:net server needs moveConnections: { give, take }: what is known of each connection',
    )
  }
  const carrier = typeof moveConnections === 'object' ? checkCarrier(moveConnections) : nothingKept
  const give = (socket: Socket) => giveSafely(carrier, socket)
  const prepare = (data: Buffer) => (socket: Socket) => takeSafely(carrier, socket, data)
  if (speaks === 'net') return { give, adopt: (fd, data) => adoptNetConnection(server, fd, prepare(data)) }
  return { give, adopt: (fd, data) => adoptHttpConnection(server as HttpServer, fd, prepare(data)) }
}

function protocolOf(server: Server): 'tls' | 'http2' | 'http' | 'net' {
  if ('setSecureContext' in server) return 'tls'
  if ('updateSettings' in server) return 'http2'
  return 'headersTimeout' in server ? 'http' : 'net'
}
