import { basename, dirname, join } from 'node:path'
import { checkOptions, checkPath } from './check-argument.ts'
import { FdPassingError } from './error.ts'
import { type FileIdentity, FilePlace, isSocket, kindOf } from './file-place.ts'
import { type ListenUnixOptions, listenUnix, listenUnixOptionTypes, listenUnixThen } from './listeners.ts'
import { lockFile, removeLockFile } from './lock-file.ts'
import type { OwnedFd } from './owned-fd.ts'
import { isUnixPathBound } from './unix-path-bound.ts'
import { UnixPathClaim } from './unix-path-claim.ts'

const lockTimeoutMs = 5_000

/** A listening UNIX socket, and the path that goes with it. */
export type ClaimedUnixPath = { listener: OwnedFd; path: UnixPathClaim }

/**
 * Listens at a UNIX path that nobody else uses. It refuses a path at which a live process listens, and takes over one that a dead process
 * left. If several processes claim it at once, one succeeds. Meanwhile the file `.NAME.lock` is beside the path.
 *
 * @throws {FdPassingError} ERR_PATH_IN_USE
 * @throws {FdPassingError} ERR_FORBIDDEN if another user made the lock file
 * @throws {FdPassingError} as {@link listenUnix}
 */
export async function claimUnixPath(options: ListenUnixOptions): Promise<ClaimedUnixPath> {
  checkOptions('claimUnixPath()', options, listenUnixOptionTypes)
  const { path } = options
  checkPath(path)
  if (path.startsWith('@')) return { listener: listenUnix(options), path: new UnixPathClaim(path) }
  // A user who cannot make a lock file in that folder must learn all the same that the path is in use.
  findDeadSocket(path)
  using _ = await lockPath(path)
  removeDeadSocket(path)
  return listenUnixThen(options, ({ socket, file }) => ({
    listener: socket,
    path: new UnixPathClaim(path, file ?? null),
  }))
}

/**
 * Locks a file beside the path, so that looking at the path and taking it are one step. Others cannot open that file. The
 * kernel drops the lock of a process that is killed, and the next one uses the file again.
 */
async function lockPath(path: string): Promise<Disposable> {
  const lockPath = join(dirname(path), `.${basename(path)}.lock`)
  try {
    const fd = await lockFile(lockPath, { signal: AbortSignal.timeout(lockTimeoutMs) })
    return { [Symbol.dispose]: () => unlockPath(lockPath, fd) }
  } catch (cause) {
    if ((cause as Error).name !== 'TimeoutError') throw cause
    const message = `another process has held the lock ${lockPath} for ${lockTimeoutMs} ms. Find it with: fuser ${lockPath}`
    throw new FdPassingError('ERR_PATH_IN_USE', message, { cause })
  }
}

function unlockPath(lockPath: string, fd: OwnedFd): void {
  try {
    removeLockFile(lockPath, fd.fd, { nameIsOurs: true })
  } catch {
    // The path is claimed. A lock file that stays is used again by the next one.
  } finally {
    fd.close()
  }
}

function removeDeadSocket(path: string): void {
  const dead = findDeadSocket(path)
  if (dead === undefined) return
  using place = new FilePlace(path)
  place.unlink(dead)
}

/** @throws {FdPassingError} ERR_PATH_IN_USE if something else than a dead socket is there */
function findDeadSocket(path: string): FileIdentity | undefined {
  using place = new FilePlace(path)
  const found = place.stats()
  if (found === undefined) return undefined
  if (!isSocket(found)) {
    throw new FdPassingError(
      'ERR_PATH_IN_USE',
      `${path} is ${kindOf(found)}, not a socket. Choose another path`,
    )
  }
  if (!isUnixPathBound(path)) return found
  throw new FdPassingError(
    'ERR_PATH_IN_USE',
    `a live process listens at ${path}. Stop it, or choose another path`,
  )
}
