import { checked, invalidArgument } from './error.ts'
import { native } from './native.ts'
import { checkDescriptor } from './owned-fd.ts'

/** Reports whether an IPv6 socket leaves IPv4 alone (IPV6_V6ONLY). It is fixed when the socket is bound. */
export function isIpv6Only(fd: number): boolean {
  return isSet(fd, native.IPPROTO_IPV6, native.IPV6_V6ONLY, 'IPV6_V6ONLY')
}

/** Reports whether a socket shares its address with others (SO_REUSEADDR or SO_REUSEPORT). */
export function sharesAddress(fd: number): boolean {
  const { SOL_SOCKET, SO_REUSEADDR, SO_REUSEPORT } = native
  return (
    isSet(fd, SOL_SOCKET, SO_REUSEADDR, 'SO_REUSEADDR') || isSet(fd, SOL_SOCKET, SO_REUSEPORT, 'SO_REUSEPORT')
  )
}

/** @throws {FdPassingError} ERR_INVALID_ARGUMENT if the socket listens. It does not have a peer, and reading from it fails */
export function checkIsConnection(fd: number, instead: string): void {
  if (isListening(fd)) throw invalidArgument(`fd ${fd} listens, so it is not a connection. Use ${instead}`)
}

/** @throws {FdPassingError} ERR_INVALID_ARGUMENT */
export function checkIsListening(fd: number): void {
  if (!isListening(fd))
    throw invalidArgument(`fd ${fd} does not listen. Call listen(2) first, or pass another fd`)
}

function isListening(fd: number): boolean {
  return isSet(fd, native.SOL_SOCKET, native.SO_ACCEPTCONN, 'SO_ACCEPTCONN')
}

function isSet(fd: number, level: number, option: number, name: string): boolean {
  return checked(native.getOption(checkDescriptor(fd), level, option), 'getsockopt', name) !== 0
}
