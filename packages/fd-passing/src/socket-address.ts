import { checked, invalidArgument } from './error.ts'
import { native } from './native.ts'
import { checkDescriptor } from './owned-fd.ts'

/** `path` is `/path`, `@abstract`, or empty for a socket without a name. */
export type SocketAddress =
  | { family: 'IPv4' | 'IPv6'; address: string; port: number }
  | { family: 'unix'; path: string }

/** Returns the address that a socket is bound to (getsockname(2)). */
export function localAddress(fd: number): SocketAddress {
  const found = native.localAddress(checkDescriptor(fd))
  if (typeof found === 'number') return checked<never>(found, 'getsockname')
  if ('path' in found) return { family: 'unix', path: found.path }
  return { family: found.family === 6 ? 'IPv6' : 'IPv4', address: found.address, port: found.port }
}

/** @throws {FdPassingError} ERR_INVALID_ARGUMENT */
export function checkIsUnixSocket(fd: number): void {
  if (localAddress(fd).family !== 'unix') throw invalidArgument(`fd ${fd} is not a UNIX socket`)
}
