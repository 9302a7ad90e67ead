import { isIpv6Only, localAddress, type NamedFd, type OwnedFd, UnixPathClaim } from '@shellflip/fd-passing'
import { socketKinds } from '@shellflip/handover'
import { holdersFault, isInUse } from './addresses/bind-fault.ts'
import type { BoundSocket } from './bind-address.ts'
import { boundKey, type ConfiguredAddress, hostAndPort, type Transport } from './bound-key.ts'
import { isStillAt } from './is-still-at.ts'
import { invalidArgument, ListenersError } from './listeners-error.ts'
import type { SocketSource } from './socket-source.ts'

/** A socket of the service, and its origin. */
export type FoundSocket = NamedFd & {
  /** The path to unlink when no process serves after this one. */
  readonly path?: UnixPathClaim | undefined
  /** The mode that this version requests, where the predecessor made the path. */
  readonly mode?: number | undefined
  /** Whether it is the predecessor's. Its path is not ours before the commit. */
  readonly inherited: boolean
}

type Address = ConfiguredAddress & { readonly mode?: number; readonly ipv6Only?: boolean }

/**
 * Finds the socket of an address: one from a service manager, the predecessor's, or a new one. Binds a UNIX path again that somebody
 * removed.
 *
 * @param held the sockets that this process has already
 * @throws {ListenersError} ERR_CANNOT_LISTEN
 * @throws {ListenersError} ERR_NO_SUCH_SOCKET
 * @throws {ListenersError} ERR_INVALID_ARGUMENT
 */
export async function findSocket<A extends Address>(
  predecessor: SocketSource,
  transport: Transport,
  address: A,
  bind: (address: A) => Promise<BoundSocket>,
  held: Iterable<FoundSocket>,
): Promise<FoundSocket> {
  const { name, port, path } = address
  const activated = name === undefined ? undefined : predecessor.socket(socketKinds.activated + name)
  if (activated !== undefined) return { ...activated, inherited: true }
  if (port === undefined && path === undefined) throw noSuchSocket(name)
  const key = boundKey(transport, address)
  const found = predecessor.socket(key)
  const inherited = found && inheritedAt(address, found.fd, predecessor.file(key))
  if (inherited !== undefined) return { name: key, ...inherited, inherited: true }
  try {
    return { name: key, ...(await bind(address)), inherited: false }
  } catch (error) {
    throw twiceFault(error, held, transport, address) ?? explained(error, predecessor, transport, address)
  }
}

function inheritedAt(
  { path, mode, ...internet }: Address,
  fd: OwnedFd,
  file: string | undefined,
): Pick<FoundSocket, 'fd' | 'path' | 'mode'> | undefined {
  if (path === undefined) {
    checkIpv6Only(fd, internet)
    return { fd }
  }
  // An abstract socket has no path to remove, and no mode.
  if (path.startsWith('@')) return { fd }
  if (isStillAt(path, file)) return { fd, path: new UnixPathClaim(path), mode }
  // Somebody removed or replaced the path, so clients cannot reach this socket any more.
  fd.close()
  return undefined
}

/** Checks the option, because the kernel fixes it when a socket is bound (ipv6(7)). */
function checkIpv6Only(fd: OwnedFd, { host, port, ipv6Only = false }: Address): void {
  const where = localAddress(fd.fd)
  if (where.family !== 'IPv6' || where.address !== '::' || isIpv6Only(fd.fd) === ipv6Only) return
  fd.close()
  throw new ListenersError(
    'ERR_CANNOT_LISTEN',
    `cannot set ipv6Only to ${ipv6Only} at ${hostAndPort({ host, port })}: the predecessor bound this socket with ${!ipv6Only}. ` +
      'A bound socket cannot change it. Keep the option, or stop the service and start it.',
  )
}

/**
 * Explains a port that the program gives twice under two names. Examples are `localhost` and `127.0.0.1`, or every address and one of them.
 */
function twiceFault(
  error: unknown,
  held: Iterable<FoundSocket>,
  transport: Transport,
  address: Address,
): unknown {
  if (!isInUse((error as Error).cause)) return undefined
  const ours = [...held].find((one) => isOf(transport, one) && portOf(one) === address.port)
  if (ours === undefined) return undefined
  const theirs = ours.name.replace(/^[a-z]+:([a-z]+[46]?:\/\/)?/, '').replace(/#.*$/s, '')
  return invalidArgument(
    `cannot listen at ${hostAndPort(address)}: this service already has ${theirs}, and the system refuses both at once ` +
      '(EADDRINUSE). Give one of the two to listen() or bind(), or choose another port.',
  )
}

function isOf(transport: Transport, { name }: FoundSocket): boolean {
  return name.startsWith(`${socketKinds.bound}${transport}://`) || name.startsWith(socketKinds.activated)
}

function portOf({ fd }: FoundSocket): number | undefined {
  const where = localAddress(fd.fd)
  return where.family === 'unix' ? undefined : where.port
}

/**
 * Explains that the address is in use, as the kernel reports. Where the predecessor has that port at another address, we know which process
 * has it.
 */
function explained(
  error: unknown,
  predecessor: SocketSource,
  transport: Transport,
  address: Address,
): unknown {
  const prefix = `${socketKinds.bound}${transport}://`
  const { port } = address
  const ofPort = predecessor.keys(prefix).find((key) => key.endsWith(`:${port}`))
  if (!isInUse((error as Error).cause)) return error
  if (ofPort === undefined) return withHolders(error as ListenersError, transport, port)
  const theirs = ofPort.slice(prefix.length)
  return new ListenersError(
    'ERR_CANNOT_LISTEN',
    `cannot listen at ${hostAndPort(address)}: the predecessor holds ${theirs} until this process serves (EADDRINUSE). ` +
      `Keep the address ${theirs}, or stop the service and start it.`,
    { cause: error },
  )
}

/** Names the processes that have the port. It reads all of /proc, so it comes last. */
function withHolders(
  { code, message, cause }: ListenersError,
  transport: Transport,
  port: number | undefined,
): ListenersError {
  const type = transport === 'tcp' ? 'tcp' : 'udp'
  const holders = port === undefined ? '' : holdersFault({ type, port })
  return new ListenersError(code, `${message}${holders}`, { cause })
}

function noSuchSocket(name: string | undefined): Error {
  if (name === undefined)
    return invalidArgument('listen() takes a port, a path, or the name of a passed socket.')
  return new ListenersError(
    'ERR_NO_SUCH_SOCKET',
    `no socket named ${name} was passed. Name it by FileDescriptorName= in its unit, or give a port or a path as well.`,
  )
}
