import { isIP } from 'node:net'
import { show } from '@shellflip/internal'
import { checkOptions } from './check-argument.ts'
import { checked, invalidArgument } from './error.ts'
import type { FileOwner } from './file-place.ts'
import { native } from './native.ts'
import { checkOwnedFd, OwnedFd } from './owned-fd.ts'
import { type BoundUnixSocket, bindUnixSocket, type UnixSocketType } from './unix-endpoint.ts'

const internetOptionTypes = { host: 'any', port: 'any', ipv6Only: 'boolean', reusePort: 'boolean' } as const

export const listenUnixOptionTypes = {
  path: 'any',
  type: 'any',
  backlog: 'any',
  mode: 'any',
  owner: 'any',
} as const

/** Node's own. The kernel cuts it to net.core.somaxconn. */
export const defaultBacklog = 511

export type InternetOptions = {
  /** A literal IP address, as `127.0.0.1`, `0.0.0.0`, `::` or `fe80::1%eth0`: nothing is looked up. */
  host: string
  /** 0 takes a free one: see {@link localAddress}. */
  port: number
  /** For `::` only: do not listen on IPv4. @default false */
  ipv6Only?: boolean
  /**
   * SO_REUSEPORT: others of the same user may bind the same address too, and the kernel deals out what comes.
   * Closing one of several such listeners resets what is queued on it. @default false
   */
  reusePort?: boolean
}

export type ListenTcpOptions = InternetOptions & {
  /** The limit of connections that wait to be accepted. @default 511 */
  backlog?: number
}

export type ListenUnixOptions = {
  /** `/path` or `@abstract`. */
  path: string
  /** @default 'stream' */
  type?: Exclude<UnixSocketType, 'datagram'>
  /** The limit of connections that wait to be accepted. @default 511 */
  backlog?: number
  /** The permissions of the path. A user who may not write may not connect. @default as the umask leaves them */
  mode?: number
  /** The owner of the path. It requires a `mode`, which applies only once the path has its owner. @default this user */
  owner?: FileOwner
}

/**
 * Binds a TCP socket and listens on it. The kernel queues connections from then on, and nobody accepts them yet.
 *
 * @throws {FdPassingError} ERR_INVALID_ARGUMENT
 * @throws {FdPassingError} ERR_SYSTEM if the system does not bind the address (EADDRINUSE, EADDRNOTAVAIL, EACCES …)
 */
export function listenTcp(options: ListenTcpOptions): OwnedFd {
  checkOptions('listenTcp()', options, { ...internetOptionTypes, backlog: 'any' })
  const socket = openInternetSocket(native.SOCK_STREAM, options)
  try {
    // As every server: else a restart fails while connections of the last one are in TIME_WAIT.
    enable(socket, native.SOL_SOCKET, native.SO_REUSEADDR, 'SO_REUSEADDR')
    bindInternet(socket, options)
    listen(socket, options.backlog)
    return socket
  } catch (error) {
    socket.close()
    throw error
  }
}

/**
 * Binds a UNIX socket and listens on it. Nobody accepts yet. It binds the path itself, so a path that exists fails with `EADDRINUSE`. The
 * process that ends the service for good must unlink the path.
 *
 * @throws {FdPassingError} ERR_ADDRESS_TOO_LONG
 * @throws {FdPassingError} ERR_INVALID_ARGUMENT
 * @throws {FdPassingError} ERR_SYSTEM
 */
export function listenUnix(options: ListenUnixOptions): OwnedFd {
  checkOptions('listenUnix()', options, listenUnixOptionTypes)
  return listenUnixThen(options, ({ socket }) => socket)
}

/** @param complete as of {@link bindUnixSocket} */
export function listenUnixThen<Result>(
  options: ListenUnixOptions,
  complete: (bound: BoundUnixSocket) => Result,
): Result {
  const { type = 'stream', path, mode, owner, backlog } = options
  return bindUnixSocket(type, path, { mode, owner }, (bound) => {
    listen(bound.socket, backlog)
    return complete(bound)
  })
}

/** A UDP socket, bound: the kernel queues datagrams from now on. @throws {FdPassingError} as {@link listenTcp} */
export function bindUdp(options: InternetOptions): OwnedFd {
  checkOptions('bindUdp()', options, internetOptionTypes)
  const socket = openInternetSocket(native.SOCK_DGRAM, options)
  try {
    bindInternet(socket, options)
    return socket
  } catch (error) {
    socket.close()
    throw error
  }
}

function openInternetSocket(type: number, { host, port }: InternetOptions): OwnedFd {
  const family = typeof host === 'string' ? isIP(host) : 0
  if (family === 0)
    throw invalidArgument(`host must be an IP address, as 127.0.0.1 or ::1, not ${show(host)}`)
  if (!Number.isInteger(port) || port < 0 || port > 65535)
    throw invalidArgument(`port must be a number from 0 to 65535, not ${show(port)}`)
  const domain = family === 6 ? native.AF_INET6 : native.AF_INET
  return new OwnedFd(checked(native.socket(domain, type), 'socket'))
}

function bindInternet(
  socket: OwnedFd,
  { host, port, ipv6Only = false, reusePort = false }: InternetOptions,
): void {
  if (isIP(host) === 6) {
    const set = native.setOption(socket.fd, native.IPPROTO_IPV6, native.IPV6_V6ONLY, ipv6Only ? 1 : 0)
    checked(set, 'setsockopt', 'IPV6_V6ONLY')
  }
  if (reusePort) enable(socket, native.SOL_SOCKET, native.SO_REUSEPORT, 'SO_REUSEPORT')
  checked(native.bindInternet(socket.fd, host, port), 'bind', `${host} port ${port}`)
}

function enable(socket: OwnedFd, level: number, option: number, name: string): void {
  checked(native.setOption(socket.fd, level, option, 1), 'setsockopt', name)
}

/**
 * Changes how many connections may wait on a listening socket to be accepted. Connections that wait already stay.
 *
 * @param backlog @default 511
 * @throws {FdPassingError} ERR_INVALID_ARGUMENT
 * @throws {FdPassingError} ERR_SYSTEM if it is not a socket that listens
 */
export function setBacklog(socket: OwnedFd, backlog?: number): void {
  checkOwnedFd(socket, 'socket')
  // Linux and macOS take listen(2) on such a socket for this change.
  listen(socket, backlog)
}

export function listen(socket: OwnedFd, backlog = defaultBacklog): void {
  if (!Number.isInteger(backlog) || backlog < 0)
    throw invalidArgument(`backlog must be a whole number from 0 on, not ${show(backlog)}`)
  checked(native.listen(socket.fd, Math.min(backlog, 0x7fffffff)), 'listen')
}
