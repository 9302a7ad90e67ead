import { fstatSync } from 'node:fs'
import { duplicateFrom, localAddress, type OwnedFd, socketFileAt, UnixPathClaim } from '@shellflip/fd-passing'
import type { ListenSocket } from '@shellflip/rolling-supervisor'
import type { ListenAddress } from '../arguments/listen-address.ts'
import type { RecordedListener } from './generation-record.ts'
import { socketsOf } from './open-sockets.ts'

/** A listening socket that an orphan has as well. Its path is removed only on request. */
export type TakenListener = ListenSocket & Disposable & { unlink(): void }

/** Names what a `--listen` asks for, whatever its options: a socket that listens there can serve it. */
export function listenKey(address: ListenAddress): string {
  const { type, host, port, path } = { host: '', port: '', path: '', ...address }
  return [type, host, port, path].join(' ')
}

/** Notes a socket, for the procroll that comes after a SIGKILL. */
export function recordListener(address: ListenAddress, { fd }: ListenSocket): RecordedListener {
  const bound = localAddress(fd.fd)
  const file = bound.family === 'unix' ? socketFileAt(bound.path) : undefined
  return { key: listenKey(address), inode: fstatSync(fd.fd).ino, ...(file === undefined ? {} : { file }) }
}

/**
 * Duplicates the listening socket from one of the processes that have it (pidfd_getfd(2)).
 *
 * @returns undefined if none of them has it any more, or if its path is gone
 * @throws FdPassingError where this process may not trace the one that has it
 */
export function takeOverListener(
  name: string,
  recorded: RecordedListener,
  pids: readonly number[],
): TakenListener | undefined {
  const fd = findSocket(recorded.inode, pids)
  if (fd === undefined) return undefined
  const bound = localAddress(fd.fd)
  if (bound.family !== 'unix') return { name, fd, unlink: () => {}, [Symbol.dispose]: () => fd.close() }
  if (recorded.file !== undefined && socketFileAt(bound.path) !== recorded.file) {
    fd.close()
    return undefined
  }
  const path = new UnixPathClaim(bound.path)
  return { name, fd, unlink: () => void path.unlink(), [Symbol.dispose]: () => fd.close() }
}

function findSocket(inode: number, pids: readonly number[]): OwnedFd | undefined {
  for (const pid of pids) {
    // The service may have moved it: a number from 3 up is only what it was started with.
    for (const socket of socketsOf(pid)) {
      if (socket.inode !== inode) continue
      const fd = duplicateFrom(pid, socket.number)
      // The number may have been closed, and used again, since it was read.
      if (fstatSync(fd.fd).ino === inode) return fd
      fd.close()
    }
  }
  return undefined
}
