import {
  bindUdp,
  claimUnixPath,
  FdPassingError,
  type ListenUnixOptions,
  listenTcp,
  type NamedFd,
} from '@shellflip/fd-passing'
import { invalidArgument, ListenersError } from '../listeners-error.ts'
import { accountId } from './account-ids.ts'
import { bindFault, holdersFault, isInUse } from './bind-fault.ts'
import { hostOf } from './host-of.ts'
import {
  formatListenAddress,
  type InternetAddress,
  type ParsedAddress,
  type UnixAddress,
} from './parse-address.ts'
import type { ParsedOptions } from './parse-options.ts'

/** Listening sockets. Disposing of them closes them, and removes their paths. */
export type OpenListeners = Disposable & { sockets: readonly NamedFd[] }

type Opened = NamedFd & Disposable

/** The mode of the path, if its owner is set and its mode is not. */
const MODE_WITH_OWNER = 0o660

/**
 * Opens addresses, all or none. Nobody accepts on the sockets yet: connections wait in their queues.
 *
 * @throws {ListenersError} ERR_CANNOT_LISTEN if one of them is not available. `address` names it
 */
export async function openListeners(addresses: readonly ParsedAddress[]): Promise<OpenListeners> {
  if (!Array.isArray(addresses))
    throw invalidArgument(
      'openListeners() takes an array of addresses, as parseListenAddress() returns them.',
    )
  const opened: Opened[] = []
  const close = () => {
    for (const socket of opened) socket[Symbol.dispose]()
  }
  try {
    for (const address of addresses) opened.push(await open(address, addresses))
  } catch (error) {
    close()
    throw error
  }
  return { sockets: opened, [Symbol.dispose]: close }
}

/** Returns whether another socket, or another file, is at the address that {@link openListeners} could not open. */
export function isAddressInUse({ cause }: ListenersError): boolean {
  return isInUse(cause) || (cause instanceof FdPassingError && cause.code === 'ERR_PATH_IN_USE')
}

async function open(address: ParsedAddress, all: readonly ParsedAddress[]): Promise<Opened> {
  try {
    return address.type === 'unix' ? await openUnix(address) : await openInternet(address)
  } catch (cause) {
    if (cause instanceof ListenersError) throw cause
    const hint = isInUse(cause) && address.type !== 'unix' ? explainInUse(address, all) : ''
    throw cannotListen(
      address,
      `${bindFault(cause, address.type === 'unix' ? 'path' : 'port')}${hint}`,
      cause,
    )
  }
}

async function openInternet(address: ParsedAddress & InternetAddress): Promise<Opened> {
  const { name, type, port, host, backlog, reusePort, ipv6Only } = address
  const options = {
    host: (await hostOf(host)) ?? host,
    port,
    ...(reusePort === undefined ? {} : { reusePort }),
    ...(ipv6Only === undefined ? {} : { ipv6Only }),
  }
  const fd =
    type === 'udp'
      ? bindUdp(options)
      : listenTcp({ ...options, ...(backlog === undefined ? {} : { backlog }) })
  return { name, fd, [Symbol.dispose]: () => fd.close() }
}

async function openUnix(address: ParsedAddress & UnixAddress): Promise<Opened> {
  const { name, path, backlog, socketType } = address
  const claimed = await claimUnixPath({
    path,
    ...(await pathAccess(address)),
    ...(backlog === undefined ? {} : { backlog }),
    ...(socketType === undefined ? {} : { type: socketType }),
  })
  return {
    name,
    fd: claimed.listener,
    [Symbol.dispose]() {
      claimed.path.unlink()
      claimed.listener.close()
    },
  }
}

/**
 * Looks up who may use the path of a UNIX socket: the ids of the user and the group, and the mode.
 *
 * @throws {ListenersError} ERR_CANNOT_LISTEN if the user or the group does not exist
 */
export async function pathAccess(
  address: ParsedAddress & UnixAddress,
): Promise<Pick<ListenUnixOptions, 'mode' | 'owner'>> {
  const { mode, user, group }: ParsedOptions = address
  if (user === undefined && group === undefined) return mode === undefined ? {} : { mode }
  const uid = user === undefined ? undefined : await lookUp(address, 'user', user)
  const gid = group === undefined ? undefined : await lookUp(address, 'group', group)
  const owner = { ...(uid === undefined ? {} : { uid }), ...(gid === undefined ? {} : { gid }) }
  return { mode: mode ?? MODE_WITH_OWNER, owner }
}

async function lookUp(address: ParsedAddress, kind: 'user' | 'group', name: string): Promise<number> {
  const id = await accountId(kind, name)
  if (id === undefined)
    throw cannotListen(address, `the ${kind} "${name}" does not exist here (a number works as well)`)
  return id
}

function explainInUse(address: ParsedAddress & InternetAddress, all: readonly ParsedAddress[]): string {
  const { type, host, port, ipv6Only } = address
  const samePort = all.filter((other) => other !== address && other.type === type && other.port === port)
  const takesBoth = [address, ...samePort].find(
    (other) => other.type === type && other.host === '::' && !other.ipv6Only,
  )
  const bothHint =
    takesBoth === undefined || (host === '::' && ipv6Only)
      ? ''
      : `. [::] takes the IPv4 addresses too. To keep both, use ${type}://[::]:${port}?ipv6only`
  return `${holdersFault(address)}${bothHint}`
}

function cannotListen(address: ParsedAddress, why: string, cause?: unknown): ListenersError {
  const message = `cannot listen on ${formatListenAddress(address)}: ${why}`
  return new ListenersError('ERR_CANNOT_LISTEN', message, { cause, address })
}
