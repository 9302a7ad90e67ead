import { fstatSync } from 'node:fs'
import {
  duplicateFrom,
  type FileOwner,
  localAddress,
  type NamedFd,
  type OwnedFd,
  setBacklog,
  socketFileAt,
  UnixPathClaim,
} from '@shellflip/fd-passing'
import { procSockets } from '@shellflip/internal'
import type { ParsedAddress } from '@shellflip/listeners/addresses'
import { pathAccess } from '@shellflip/listeners/open'
import type { RecordedListener } from '../generation-record.ts'

/** A listening socket that an orphan has as well. Its path is removed only on request. */
export type TakenListener = NamedFd & Disposable & { unlink(): void }

/** Names an address, without its options. */
export function listenKey(address: ParsedAddress): string {
  const { type, host, port, path } = { host: '', port: '', path: '', ...address }
  return [type, host, port, path].join(' ')
}

/** Returns whether a socket can serve an address: it is bound to it, with the options that are fixed when it is bound. */
export function canServe(recorded: RecordedListener, address: ParsedAddress): boolean {
  return recorded.key === listenKey(address) && recorded.fixed === fixedOptions(address)
}

function fixedOptions({ socketType = 'stream', ipv6Only = false, reusePort = false }: ParsedAddress): string {
  return [socketType, ipv6Only ? 'ipv6only' : '', reusePort ? 'reuseport' : ''].join(' ').trim()
}

/** Notes a socket, for the supervisor that comes after a SIGKILL. */
export function recordListener(address: ParsedAddress, { fd }: NamedFd): RecordedListener {
  const bound = localAddress(fd.fd)
  const file = bound.family === 'unix' ? socketFileAt(bound.path) : undefined
  return {
    key: listenKey(address),
    fixed: fixedOptions(address),
    inode: fstatSync(fd.fd).ino,
    ...(file === undefined ? {} : { file }),
  }
}

/**
 * Duplicates the listening socket from one of the processes that have it (pidfd_getfd(2)), and applies the options of the address.
 *
 * @returns undefined if every process has closed it, or if its path is gone
 * @throws {FdPassingError} ERR_SYSTEM if this process may not trace the one that has it, or an option cannot take effect
 * @throws {ListenersError} ERR_CANNOT_LISTEN
 */
export async function takeOverListener(
  address: ParsedAddress,
  recorded: RecordedListener,
  pids: readonly number[],
): Promise<TakenListener | undefined> {
  const fd = findSocket(recorded.inode, pids)
  if (fd === undefined) return undefined
  try {
    const taken = claim(address.name, recorded, fd)
    if (taken === undefined) fd.close()
    else await applyOptions(address, taken)
    return taken
  } catch (error) {
    fd.close()
    throw error
  }
}

type Claimed = TakenListener & { path?: UnixPathClaim }

function claim(name: string, recorded: RecordedListener, fd: OwnedFd): Claimed | undefined {
  const bound = localAddress(fd.fd)
  if (bound.family !== 'unix') return { name, fd, unlink: () => {}, [Symbol.dispose]: () => fd.close() }
  if (recorded.file !== undefined && socketFileAt(bound.path) !== recorded.file) return undefined
  const path = new UnixPathClaim(bound.path)
  return { name, fd, path, unlink: () => void path.unlink(), [Symbol.dispose]: () => fd.close() }
}

async function applyOptions(address: ParsedAddress, { fd, path }: Claimed): Promise<void> {
  if (address.type !== 'udp') setBacklog(fd, address.backlog)
  if (address.type !== 'unix' || path?.file === undefined) return
  const { mode = defaultMode(), owner } = await pathAccess(address)
  path.setAccess({ mode, owner: { ...ownIds(), ...owner } })
}

/** A socket's file is made with all permissions that the umask leaves. */
function defaultMode(): number {
  return 0o777 & ~process.umask()
}

function ownIds(): FileOwner {
  return { uid: process.geteuid?.() ?? -1, gid: process.getegid?.() ?? -1 }
}

function findSocket(inode: number, pids: readonly number[]): OwnedFd | undefined {
  for (const pid of pids) {
    // The service may have moved it: a number from 3 up is only what it was started with.
    for (const socket of procSockets(pid)) {
      if (socket.inode !== inode) continue
      const fd = duplicateFrom(pid, socket.fd)
      // The number may have been closed, and used again, since it was read.
      if (fstatSync(fd.fd).ino === inode) return fd
      fd.close()
    }
  }
  return undefined
}
