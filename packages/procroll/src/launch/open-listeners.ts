import { lookup } from 'node:dns/promises'
import {
  bindUdp,
  claimUnixPath,
  FdPassingError,
  type ListenUnixOptions,
  listenTcp,
} from '@shellflip/fd-passing'
import type { ListenSocket } from '@shellflip/rolling-supervisor'
import {
  formatListen,
  type InternetAddress,
  type ListenAddress,
  type UnixAddress,
} from '../arguments/listen-address.ts'
import type { ListenOptions } from '../arguments/listen-options.ts'
import { ProcrollError } from '../procroll-error.ts'
import { accountId } from './account-ids.ts'
import { holdersOf } from './address-holder.ts'

/** Listening sockets, and the paths that are removed with them when the service stops for good. */
export type OpenListeners = Disposable & { sockets: readonly ListenSocket[] }

type Opened = ListenSocket & Disposable

/** Says why procroll cannot listen on one of the addresses. */
export class ListenError extends ProcrollError {
  readonly address: ListenAddress

  constructor(address: ListenAddress, why: string, cause?: unknown) {
    super('ERR_LISTEN', `cannot listen on ${formatListen(address)}: ${why}`, { cause })
    this.address = address
  }

  /** Whether another socket, or another file, is at the address. */
  get isInUse(): boolean {
    const { cause } = this
    return (
      cause instanceof FdPassingError && (cause.errno === 'EADDRINUSE' || cause.code === 'ERR_PATH_IN_USE')
    )
  }
}

/** The mode of the path, if its owner is set and its mode is not. */
const MODE_WITH_OWNER = 0o660

const REASONS: Record<string, string> = {
  EADDRINUSE: 'the address is already in use',
  EADDRNOTAVAIL: 'the address is not on this machine',
  EACCES: 'this user may not (a port below 1024 needs CAP_NET_BIND_SERVICE, a path needs a writable folder)',
  EPERM: 'this user may not change its owner (another user needs CAP_CHOWN, a group needs membership)',
  ENOENT: 'its folder does not exist',
  ENOTFOUND: 'the host is unknown',
}

/**
 * Opens the addresses of `--listen`, all or none. Nobody accepts on them before the first generation does.
 *
 * @throws {ProcrollError} ERR_LISTEN
 */
export async function openListeners(addresses: readonly ListenAddress[]): Promise<OpenListeners> {
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

async function open(address: ListenAddress, all: readonly ListenAddress[]): Promise<Opened> {
  try {
    return address.type === 'unix' ? await openUnix(address) : await openInternet(address)
  } catch (cause) {
    if (cause instanceof ProcrollError) throw cause
    const { code, message } = cause as NodeJS.ErrnoException
    const errno = cause instanceof FdPassingError ? cause.errno : code
    const reason = errno === undefined ? message : `${REASONS[errno] ?? message} (${errno})`
    const hint = errno === 'EADDRINUSE' && address.type !== 'unix' ? explainInUse(address, all) : ''
    throw new ListenError(address, `${reason}${hint}`, cause)
  }
}

/** If a name has several addresses, takes the first IPv4 one, as Go does. */
async function openInternet(address: ListenAddress & InternetAddress): Promise<Opened> {
  const { name, type, port, host, backlog, reusePort, ipv6Only } = address
  const addresses = await lookup(host, { all: true })
  const chosen = addresses.find(({ family }) => family === 4) ?? addresses[0]
  const options = {
    host: chosen?.address ?? host,
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

async function openUnix(address: ListenAddress & UnixAddress): Promise<Opened> {
  const { name, path, backlog, socketType } = address
  const claimed = await claimUnixPath({
    path,
    ...(await accessTo(address)),
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
 * Looks up who may use the path.
 *
 * @throws {ProcrollError} ERR_LISTEN if the user or the group does not exist
 */
export async function accessTo(
  address: ListenAddress & UnixAddress,
): Promise<Pick<ListenUnixOptions, 'mode' | 'owner'>> {
  const { mode, user, group }: ListenOptions = address
  if (user === undefined && group === undefined) return mode === undefined ? {} : { mode }
  const uid = user === undefined ? undefined : await lookUp(address, 'user', user)
  const gid = group === undefined ? undefined : await lookUp(address, 'group', group)
  const owner = { ...(uid === undefined ? {} : { uid }), ...(gid === undefined ? {} : { gid }) }
  return { mode: mode ?? MODE_WITH_OWNER, owner }
}

async function lookUp(address: ListenAddress, kind: 'user' | 'group', name: string): Promise<number> {
  const id = await accountId(kind, name)
  if (id === undefined)
    throw new ListenError(address, `there is no ${kind} "${name}" here (a number works as well)`)
  return id
}

function explainInUse(address: ListenAddress & InternetAddress, all: readonly ListenAddress[]): string {
  const { type, host, port, ipv6Only } = address
  const samePort = all.filter((other) => other !== address && other.type === type && other.port === port)
  const takesBoth = [address, ...samePort].find(
    (other) => other.type === type && other.host === '::' && !other.ipv6Only,
  )
  const bothHint =
    takesBoth === undefined || (host === '::' && ipv6Only)
      ? ''
      : `. [::] takes the IPv4 addresses too. To keep both, use ${type}://[::]:${port}?ipv6only`
  const holders = holdersOf(address)
  return `${holders.length === 0 ? '' : `. It is in use by ${holders.join(', ')}`}${bothHint}`
}
