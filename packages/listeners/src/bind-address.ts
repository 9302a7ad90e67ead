import { isIP } from 'node:net'
import {
  bindUdp,
  claimUnixPath,
  FdPassingError,
  listenTcp,
  type OwnedFd,
  type UnixPathClaim,
} from '@shellflip/fd-passing'
import { bindFault } from './addresses/bind-fault.ts'
import { type ConfiguredAddress, hostAndPort } from './bound-key.ts'
import { ListenersError } from './listeners-error.ts'

export type ListenAddress = ConfiguredAddress & {
  /** Finds a socket of systemd's (`FileDescriptorName=`), or one of port 0. */
  readonly name?: string
  /** An IP address, or a name whose first address is taken. @default every address, IPv6 and IPv4 */
  readonly host?: string
  /** 0 takes a free port, and needs a `name`. */
  readonly port?: number
  /** A UNIX path, or `@name` for an abstract one. It replaces host and port. */
  readonly path?: string
  /** The permissions of the UNIX path. @default what the umask leaves, or for the predecessor's path, its mode */
  readonly mode?: number
  /** How many connections may wait to be accepted. @default 511 */
  readonly backlog?: number
  /** For `::` only: leaves IPv4 alone. @default false */
  readonly ipv6Only?: boolean
  /** Sets SO_REUSEPORT. The successor shares this same socket anyway. @default false */
  readonly reusePort?: boolean
}

/**
 * An address of the socket's family. Without a host this is every address of IPv4, or of IPv6. A name means its first address of that
 * family.
 */
export type BindAddress = Omit<ListenAddress, 'path' | 'mode' | 'backlog'>

/** One of our sockets, and the path that goes with it. */
export type BoundSocket = { fd: OwnedFd; path?: UnixPathClaim }

/** @throws {ListenersError} ERR_CANNOT_LISTEN */
export async function listenAt(address: ListenAddress): Promise<BoundSocket> {
  const { path, mode, backlog, ...internet } = address
  return explain(address, async () => {
    const queue = backlog === undefined ? {} : { backlog }
    if (path !== undefined) {
      const claimed = await claimUnixPath({ path, ...queue, ...(mode === undefined ? {} : { mode }) })
      return { fd: claimed.listener, path: claimed.path }
    }
    return { fd: await onHost(internet, (options) => listenTcp({ ...options, ...queue })) }
  })
}

/** @throws {ListenersError} ERR_CANNOT_LISTEN */
export async function bindAt(address: BindAddress, family: 4 | 6): Promise<BoundSocket> {
  return explain(address, async () => ({ fd: await onHost(address, bindUdp, family) }))
}

const everyAddress = { 4: '0.0.0.0', 6: '::' } as const

type Internet = { host: string; port: number; ipv6Only?: boolean; reusePort?: boolean }

/**
 * Without a host, binds on every address. That is every address of the family, if one is given. Otherwise it does as Node does: `::`,
 * which takes IPv4 too, or `0.0.0.0` without IPv6.
 */
async function onHost(
  { host, port = 0, ipv6Only, reusePort }: BindAddress,
  bind: (options: Internet) => OwnedFd,
  family?: 4 | 6,
): Promise<OwnedFd> {
  const flags = {
    port,
    ...(ipv6Only === undefined ? {} : { ipv6Only }),
    ...(reusePort === undefined ? {} : { reusePort }),
  }
  if (host !== undefined) {
    return bind({ ...flags, host: isIP(host) === 0 ? await addressOf(host, family) : host })
  }
  if (family !== undefined) return bind({ ...flags, host: everyAddress[family] })
  try {
    return bind({ ...flags, host: everyAddress[6] })
  } catch (error) {
    if (!(error instanceof FdPassingError) || !noIpv6.has(error.errno ?? '')) throw error
    return bind({ ...flags, host: everyAddress[4] })
  }
}

/** Loads Node's resolver only for a name. Most services bind an address, or none. */
async function addressOf(host: string, family: 4 | 6 | undefined): Promise<string> {
  const { lookup } = process.getBuiltinModule('node:dns/promises')
  return (await lookup(host, { family: family ?? 0 })).address
}

const noIpv6 = new Set(['EAFNOSUPPORT', 'EADDRNOTAVAIL', 'EINVAL'])

async function explain(address: ListenAddress, bind: () => Promise<BoundSocket>): Promise<BoundSocket> {
  try {
    return await bind()
  } catch (cause) {
    const { path } = address
    const fault = bindFault(cause, path === undefined ? 'port' : 'path')
    const message = `cannot listen at ${path ?? hostAndPort(address)}: ${fault}`
    throw new ListenersError('ERR_CANNOT_LISTEN', message, { cause })
  }
}
