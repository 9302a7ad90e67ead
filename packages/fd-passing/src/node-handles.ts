import { createSocket, type Socket as DatagramSocket } from 'node:dgram'
import { type Server, Socket } from 'node:net'
import { checked, FdPassingError, invalidArgument } from './error.ts'
import { native } from './native.ts'
import { OwnedFd } from './owned-fd.ts'
import { localAddress } from './socket-address.ts'

/** What of Node's own objects has a descriptor. A TLS socket counts too, but is refused: its fd is ciphertext. */
export type HandleOwner = Server | Socket | DatagramSocket

type Handle = { fd?: unknown }

/**
 * The descriptor under one of Node's objects, borrowed: Node closes it. Node does not document where it is, so this
 * looks, and says clearly when it does not find it.
 *
 * @throws {@link FdPassingError} `ERR_FD_CLOSED`: closed, or not listening, bound or connected yet;
 *   `ERR_INVALID_ARGUMENT`: a TLS socket; `ERR_UNSUPPORTED`: a server of a cluster worker, which has none
 */
export function fdOf(owner: HandleOwner): number {
  if ((owner as { encrypted?: boolean }).encrypted === true) {
    throw invalidArgument('a TLS socket has its keys in this process: its fd is of no use elsewhere')
  }
  const handle = handleOf(owner)
  if (handle === undefined || handle === null) {
    throw new FdPassingError(
      'ERR_FD_CLOSED',
      'it is closed, or not listening, bound or connected yet: it has no fd',
    )
  }
  if (typeof handle.fd === 'number' && handle.fd >= 0) return handle.fd
  throw new FdPassingError(
    'ERR_UNSUPPORTED',
    `its handle has no fd on Node ${process.version}: it may be closing, or belong to the primary of a cluster`,
  )
}

/** A copy of the descriptor under one of Node's objects, CLOEXEC, which outlives it. @throws as {@link fdOf} */
export function dupOf(owner: HandleOwner): OwnedFd {
  return new OwnedFd(checked(native.dup(fdOf(owner)), 'dup'))
}

/**
 * Makes a server listen on a stream socket that is bound already, and owns it from then on. Closing the server does
 * not unlink the path of a UNIX socket.
 *
 * @param options `backlog`: listen(2) is called again. @default 511
 */
export function serverFrom<S extends Server>(
  fd: OwnedFd,
  server: S,
  options: { backlog?: number } = {},
): Promise<S> {
  checkType(fd, native.SOCK_STREAM, 'a stream socket')
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    // exclusive: in a cluster worker the number means nothing to the primary.
    server.listen({ fd: fd.release(), backlog: options.backlog ?? 511, exclusive: true }, () => {
      server.off('error', reject)
      resolve(server)
    })
  })
}

/** A connection over a connected stream socket, owning it. @param options as of `net.Socket`: `allowHalfOpen` */
export function socketFrom(fd: OwnedFd, options: { allowHalfOpen?: boolean } = {}): Socket {
  checkType(fd, native.SOCK_STREAM, 'a stream socket')
  const socket = new Socket({ ...options, fd: fd.fd, readable: true, writable: true })
  fd.release()
  return socket
}

/** A bound UDP socket over a descriptor, owning it. */
export function dgramFrom(fd: OwnedFd): Promise<DatagramSocket> {
  checkType(fd, native.SOCK_DGRAM, 'a UDP socket')
  const { family } = localAddress(fd.fd)
  if (family === 'unix') throw invalidArgument('Node has no UNIX datagram sockets: use UnixSocket.adopt()')
  const socket = createSocket(family === 'IPv6' ? 'udp6' : 'udp4')
  return new Promise((resolve, reject) => {
    socket.once('error', reject)
    socket.bind({ fd: fd.release(), exclusive: true }, () => {
      socket.off('error', reject)
      resolve(socket)
    })
  })
}

function checkType(fd: OwnedFd, type: number, what: string): void {
  const found = checked(native.getOption(fd.fd, native.SOL_SOCKET, native.SO_TYPE), 'getsockopt', 'SO_TYPE')
  if (found !== type) throw invalidArgument(`fd ${fd.fd} is not ${what}`)
}

function handleOf(owner: HandleOwner): Handle | null | undefined {
  if ('_handle' in owner && !isDatagramSocket(owner)) return owner._handle as Handle | null
  // dgram keeps its handle under a symbol of its own, in every version so far.
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
