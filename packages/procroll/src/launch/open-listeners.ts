import { lookup } from 'node:dns/promises'
import { claimUnixPath, FdPassingError, listenTcp } from '@shellflip/fd-passing'
import type { ListenSocket } from '@shellflip/rolling-supervisor'
import type { ListenAddress } from '../arguments/listen-address.ts'
import { ProcrollError } from '../procroll-error.ts'

/** Listening sockets, and the paths that go with them when the service ends for good. */
export type OpenListeners = Disposable & { sockets: readonly ListenSocket[] }

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
    const { code, message } = cause as NodeJS.ErrnoException
    const errno = cause instanceof FdPassingError ? cause.errno : code
    const why = errno === undefined ? message : `${REASONS[errno] ?? message} (${errno})`
    throw listenError(address, why, cause)
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

async function openUnix({
  name,
  path,
}: ListenAddress & { type: 'unix' }): Promise<ListenSocket & Disposable> {
  const claimed = await claimUnixPath({ path })
  return {
    name,
    fd: claimed.listener,
    [Symbol.dispose]() {
      claimed.path.unlink()
      claimed.listener.close()
    },
  }
}

function listenError(address: ListenAddress, why: string, cause?: unknown): ProcrollError {
  const host = address.type === 'tcp' && address.host.includes(':') ? `[${address.host}]` : undefined
  const text =
    address.type === 'tcp' ? `tcp://${host ?? address.host}:${address.port}` : `unix://${address.path}`
  return new ProcrollError('ERR_LISTEN', `--listen ${text} cannot be had: ${why}`, { cause })
}
