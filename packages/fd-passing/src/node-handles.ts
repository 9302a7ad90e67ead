import type { Cluster } from 'node:cluster'
import type { Socket as DatagramSocket } from 'node:dgram'
import type { EventEmitter } from 'node:events'
import { Server, Socket } from 'node:net'
import { show } from '@shellflip/internal'
import { checkOptions } from './check-argument.ts'
import { checked, FdPassingError, invalidArgument } from './error.ts'
import { isSameFile } from './file-place.ts'
import { defaultBacklog, listen } from './listeners.ts'
import { type FileStats, native } from './native.ts'
import { checkOwnedFd, OwnedFd } from './owned-fd.ts'
import { localAddress } from './socket-address.ts'
import { checkIsConnection } from './socket-options.ts'

/** The objects of Node that have a descriptor. A TLS socket counts too, but is refused: its fd carries ciphertext. */
export type HandleOwner = Server | Socket | DatagramSocket

type Handle = { fd?: unknown }

/** Loaded at the first need, because few programs use UDP. */
const dgram = () => process.getBuiltinModule('node:dgram')

/**
 * Returns the descriptor under one of Node's objects, borrowed: Node closes it. Node does not document where it is. So this searches for
 * it, and reports clearly when it does not find it.
 *
 * @throws {FdPassingError} ERR_FD_CLOSED if it is closed, or not listening, bound or connected yet
 * @throws {FdPassingError} ERR_INVALID_ARGUMENT if it is a TLS socket
 * @throws {FdPassingError} ERR_UNSUPPORTED if it is a server of a cluster worker, which does not have a descriptor
 */
export function fdOf(owner: HandleOwner): number {
  if (!(owner instanceof Server || owner instanceof Socket || owner instanceof dgram().Socket))
    throw invalidArgument(`the owner must be a server or a socket of Node, not ${show(owner)}`)
  if ((owner as { encrypted?: boolean }).encrypted === true) {
    throw invalidArgument('a TLS socket keeps its keys in this process, so another process cannot use its fd')
  }
  const handle = handleOf(owner)
  if (handle === undefined || handle === null) {
    throw new FdPassingError(
      'ERR_FD_CLOSED',
      'it does not have an fd, because it is closed, or is not listening, bound or connected yet',
    )
  }
  if (typeof handle.fd === 'number' && handle.fd >= 0) return handle.fd
  throw new FdPassingError(
    'ERR_UNSUPPORTED',
    `its handle does not have an fd on Node ${process.version}. It may be closing, or belong to the primary of a cluster`,
  )
}

/** A copy of the descriptor under one of Node's objects, CLOEXEC, which outlives it. @throws {FdPassingError} as {@link fdOf} */
export function dupOf(owner: HandleOwner): OwnedFd {
  return new OwnedFd(checked(native.dup(fdOf(owner)), 'dup'))
}

/**
 * Makes a server listen on a stream socket that is bound already, and owns the descriptor from then on. Closing the server
 * does not unlink the path of a UNIX socket.
 *
 * @param options `backlog`: how many connections wait to be accepted. listen(2) is called again with it. @default 511
 * @returns a promise that rejects for every failure. `fd` stays its owner's then, unless the server had it already and was
 *   closed meanwhile (`ERR_FD_CLOSED`), or failed with it. The others are `ERR_INVALID_ARGUMENT`, `ERR_SYSTEM`, Node's
 *   `ERR_SERVER_ALREADY_LISTEN`, and `ERR_UNSUPPORTED` in a worker of node:cluster, which listens through its primary
 */
export async function serverFrom<S extends Server>(
  fd: OwnedFd,
  server: S,
  options: { backlog?: number } = {},
): Promise<S> {
  checkOptions('serverFrom()', options, { backlog: 'any' })
  if (!(server instanceof Server))
    throw invalidArgument(`server must be a server of node:net, node:http and the like, not ${show(server)}`)
  const { backlog = defaultBacklog } = options
  checkType(fd, native.SOCK_STREAM, 'a stream socket')
  // Node's net loads it as well, at this moment and not before.
  if ((process.getBuiltinModule('node:cluster') as unknown as Cluster).isWorker) {
    const message = 'a worker of node:cluster listens through its primary. Call serverFrom() in the primary'
    throw new FdPassingError('ERR_UNSUPPORTED', message)
  }
  // Node closes the descriptor if listen(2) fails. So it fails here.
  listen(fd, backlog)
  await settled(server, 'listening', () => {
    // Node reads a backlog from the second argument only, and takes 0 for its default.
    const before = native.stat(fd.fd)
    server.listen({ fd: fd.fd }, backlog)
    if (server.listening && backlog === 0) listen(fd, backlog)
    // Node closes it if its own listen(2) fails, and does not if it cannot begin with it.
    if (server.listening || !isSame(before, native.stat(fd.fd))) fd.release()
  })
  return server
}

/**
 * Makes a connection of a connected stream socket, and owns the descriptor from then on.
 *
 * @param options `allowHalfOpen`: whether our side stays open when the peer ends its side. `pauseOnCreate`: whether nothing
 *   is read before `resume()` or `read()`, as with `pauseOnConnect` of a server. @default false for both
 */
export function socketFrom(
  fd: OwnedFd,
  options: { allowHalfOpen?: boolean; pauseOnCreate?: boolean } = {},
): Socket {
  checkOptions('socketFrom()', options, { allowHalfOpen: 'boolean', pauseOnCreate: 'boolean' })
  checkType(fd, native.SOCK_STREAM, 'a stream socket')
  checkIsConnection(fd.fd, 'serverFrom()')
  const socket = new Socket({ ...options, fd: fd.fd, readable: true, writable: true })
  fd.release()
  return socket
}

/**
 * Makes a bound UDP socket of a descriptor, and owns it from then on.
 *
 * @returns a promise that rejects for every failure. `fd` stays its owner's then
 */
export async function dgramFrom(fd: OwnedFd): Promise<DatagramSocket> {
  checkType(fd, native.SOCK_DGRAM, 'a UDP socket')
  const { family } = localAddress(fd.fd)
  if (family === 'unix')
    throw invalidArgument('Node does not have UNIX datagram sockets. Use UnixSocket.adopt()')
  const socket = dgram().createSocket(family === 'IPv6' ? 'udp6' : 'udp4')
  try {
    await settled(socket, 'listening', () => {
      // exclusive: in a worker of node:cluster the number means nothing to the primary.
      socket.bind({ fd: fd.fd, exclusive: true })
      fd.release()
    })
    return socket
  } catch (error) {
    socket.close()
    throw error
  }
}

function isSame(one: FileStats | number, other: FileStats | number): boolean {
  return typeof one !== 'number' && typeof other !== 'number' && isSameFile(one, other)
}

/** Begins something, and waits for the event that says that it is done. An error and a close before that reject. */
function settled(emitter: EventEmitter, event: string, begin: () => void): Promise<void> {
  return new Promise((resolve, reject) => {
    const settle = (then: () => void) => {
      emitter.off(event, done).off('error', failed).off('close', closed)
      then()
    }
    const done = () => settle(resolve)
    const failed = (error: unknown) => settle(() => reject(error))
    const closed = () =>
      failed(new FdPassingError('ERR_FD_CLOSED', `it was closed before its '${event}' event`))
    emitter.on(event, done).on('error', failed).on('close', closed)
    try {
      begin()
    } catch (error) {
      failed(error)
    }
  })
}

function checkType(fd: OwnedFd, type: number, what: string): void {
  checkOwnedFd(fd)
  const found = checked(native.getOption(fd.fd, native.SOL_SOCKET, native.SO_TYPE), 'getsockopt', 'SO_TYPE')
  if (found !== type) throw invalidArgument(`fd ${fd.fd} is not ${what}`)
}

function handleOf(owner: HandleOwner): Handle | null | undefined {
  if ('_handle' in owner && !isDatagramSocket(owner)) return owner._handle as Handle | null
  // dgram keeps its handle under a private symbol, in every version so far.
  const symbol = Object.getOwnPropertySymbols(owner).find(({ description }) => description === 'state symbol')
  const state =
    symbol === undefined
      ? undefined
      : (owner as unknown as Record<symbol, { handle?: Handle | null }>)[symbol]
  return state?.handle
}

function isDatagramSocket(owner: HandleOwner): owner is DatagramSocket {
  return 'addMembership' in owner
}
