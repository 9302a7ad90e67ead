import { lookup } from 'node:dns/promises'
import { closeSync, constants, lstatSync, openSync, rmSync } from 'node:fs'
import { dirname } from 'node:path'
import { FdPassingError, listenTcp, listenUnix, lock, type OwnedFd } from '@shellflip/fd-passing'
import type { ListenSocket } from '@shellflip/rolling-supervisor'
import type { ListenAddress } from '../arguments/listen-address.ts'
import { isLive } from '../control/find-supervisor.ts'
import { ProcrollError } from '../procroll-error.ts'

/** Listening sockets, and the paths that go with them when the service ends for good. */
export type OpenListeners = Disposable & { sockets: readonly ListenSocket[] }

const LOCK_TIMEOUT_MS = 5_000

const REASONS: Record<string, string> = {
  EADDRINUSE: 'something else listens there',
  EADDRNOTAVAIL: 'this machine has no such address',
  EACCES:
    'this user may not (a port below 1024 takes CAP_NET_BIND_SERVICE, a path a folder that can be written)',
  ENOENT: 'its folder does not exist',
  ENOTFOUND: 'no such host is known',
}

/**
 * Opens what `--listen` asks for, all or nothing; nobody accepts on it before a generation does.
 *
 * @throws ProcrollError `ERR_LISTEN`
 */
export async function openListeners(addresses: readonly ListenAddress[]): Promise<OpenListeners> {
  const opened: (ListenSocket & Disposable)[] = []
  const close = () => {
    for (const socket of opened) socket[Symbol.dispose]()
  }
  try {
    for (const address of addresses) opened.push(await open(address))
  } catch (error) {
    close()
    throw error
  }
  return { sockets: opened, [Symbol.dispose]: close }
}

async function open(address: ListenAddress): Promise<ListenSocket & Disposable> {
  try {
    return address.type === 'tcp' ? await openTcp(address) : await openUnix(address)
  } catch (cause) {
    if (cause instanceof ProcrollError) throw cause
    const { code } = cause as NodeJS.ErrnoException
    const errno = cause instanceof FdPassingError ? cause.errno : code
    throw listenError(
      address,
      `${REASONS[errno ?? ''] ?? (cause as Error).message} (${errno ?? code})`,
      cause,
    )
  }
}

/** A name of several addresses is its first IPv4 one, as Go chooses. */
async function openTcp({
  name,
  host,
  port,
}: ListenAddress & { type: 'tcp' }): Promise<ListenSocket & Disposable> {
  const addresses = await lookup(host, { all: true })
  const chosen = addresses.find(({ family }) => family === 4) ?? addresses[0]
  const fd = listenTcp({ host: chosen?.address ?? host, port })
  return { name, fd, [Symbol.dispose]: () => fd.close() }
}

async function openUnix(address: ListenAddress & { type: 'unix' }): Promise<ListenSocket & Disposable> {
  const { name, path } = address
  if (path.startsWith('@')) {
    const fd = listenUnix({ path })
    return { name, fd, [Symbol.dispose]: () => fd.close() }
  }
  const fd = await takePath(address)
  const inode = lstatSync(path).ino
  return {
    name,
    fd,
    [Symbol.dispose]() {
      // While the socket is open, its inode number is given to no other file.
      if (lstatSync(path, { throwIfNoEntry: false })?.ino === inode) rmSync(path, { force: true })
      fd.close()
    },
  }
}

/** Looking and taking are one step under the folder's lock: of two who start at once, one finds the other there. */
async function takePath(address: ListenAddress & { type: 'unix' }): Promise<OwnedFd> {
  const { path } = address
  const folder = openSync(dirname(path), constants.O_RDONLY | constants.O_DIRECTORY)
  try {
    await lock(folder, 'exclusive', { signal: AbortSignal.timeout(LOCK_TIMEOUT_MS) })
    const found = lstatSync(path, { throwIfNoEntry: false })
    if (found !== undefined && !found.isSocket())
      throw listenError(address, 'something stands there that is no socket')
    if (found !== undefined && (await isLive(path))) {
      throw listenError(address, 'a live process listens there: stop it, or choose another path')
    }
    rmSync(path, { force: true })
    return listenUnix({ path })
  } finally {
    closeSync(folder)
  }
}

function listenError(address: ListenAddress, why: string, cause?: unknown): ProcrollError {
  const host = address.type === 'tcp' && address.host.includes(':') ? `[${address.host}]` : undefined
  const text =
    address.type === 'tcp' ? `tcp://${host ?? address.host}:${address.port}` : `unix://${address.path}`
  return new ProcrollError('ERR_LISTEN', `--listen ${text} cannot be had: ${why}`, { cause })
}
