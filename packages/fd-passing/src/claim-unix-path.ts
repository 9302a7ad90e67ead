import { type BigIntStats, constants, lstatSync, openSync, rmSync } from 'node:fs'
import { connect } from 'node:net'
import { dirname } from 'node:path'
import { FdPassingError } from './error.ts'
import { lock } from './flock.ts'
import { type ListenUnixOptions, listenUnix } from './listeners.ts'
import { OwnedFd } from './owned-fd.ts'

const lockTimeoutMs = 5_000

/** A listening UNIX socket, and the path that goes with it. */
export type ClaimedUnixPath = { listener: OwnedFd; path: UnixPathClaim }

/** A socket path that is ours as long as the same inode stands there. */
export class UnixPathClaim {
  readonly path: string
  readonly #inode: bigint | undefined

  /**
   * Claims a path at which a listener of ours stands already. An abstract one has no file. One that this process may not look at, because it
   * gave up a privilege, is left alone in the end.
   */
  constructor(path: string) {
    this.path = path
    try {
      this.#inode = inodeAt(path)?.ino
    } catch {
      this.#inode = undefined
    }
  }

  /**
   * Unlinks the path, if it is still ours. To be called while the listener is open: nobody takes a live path, and
   * the kernel does not give the inode number of a bound socket to another file.
   *
   * @returns false if the system does not let us, for want of a privilege that was given up mostly: it is left then, for
   *   the next one to take over
   */
  unlink(): boolean {
    try {
      if (this.#inode !== undefined && inodeAt(this.path)?.ino === this.#inode) {
        rmSync(this.path, { force: true })
      }
      return true
    } catch {
      return false
    }
  }
}

/**
 * Listens at a UNIX path that nobody else uses: one at which a live process listens is refused, one that a dead process
 * left is taken over. Of several who claim it at once, one gets it.
 *
 * @throws {@link FdPassingError} `ERR_PATH_IN_USE`, and as {@link listenUnix}
 */
export async function claimUnixPath(options: ListenUnixOptions): Promise<ClaimedUnixPath> {
  const { path } = options
  if (path.startsWith('@')) return { listener: listenUnix(options), path: new UnixPathClaim(path) }
  using _ = await lockFolder(dirname(path))
  await clear(path)
  const listener = listenUnix(options)
  return { listener, path: new UnixPathClaim(path) }
}

/**
 * Whether a process listens at this path. Only the kernel's word that nobody does counts as no: a full queue (EAGAIN),
 * another type of socket (EPROTOTYPE) or a refusal (EACCES) are signs of life.
 */
export function isUnixPathLive(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path)
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', ({ code }: NodeJS.ErrnoException) =>
      resolve(code !== 'ENOENT' && code !== 'ECONNREFUSED'),
    )
  })
}

/**
 * Locks the folder itself, so that looking at a path and taking it are one step. The kernel drops the lock with the fd,
 * and there is no lock file to leave behind.
 */
async function lockFolder(folder: string): Promise<Disposable> {
  const fd = openFolder(folder)
  try {
    await lock(fd.fd, 'exclusive', { signal: AbortSignal.timeout(lockTimeoutMs) })
    return fd
  } catch (cause) {
    fd.close()
    if ((cause as Error).name !== 'TimeoutError') throw cause
    const message = `another process has kept ${folder} locked for ${lockTimeoutMs} ms: find it with fuser`
    throw new FdPassingError('ERR_PATH_IN_USE', message, { cause })
  }
}

function openFolder(folder: string): OwnedFd {
  try {
    return new OwnedFd(openSync(folder, constants.O_RDONLY | constants.O_DIRECTORY))
  } catch (cause) {
    const { code = 'ENOENT', message } = cause as NodeJS.ErrnoException
    throw new FdPassingError('ERR_SYSTEM', message, { cause, errno: code, syscall: 'open' })
  }
}

async function clear(path: string): Promise<void> {
  const found = inodeAt(path)
  if (found === undefined) return
  if (!found.isSocket()) {
    throw new FdPassingError('ERR_PATH_IN_USE', `${path} is ${kindOf(found)}, no socket: choose another path`)
  }
  if (await isUnixPathLive(path)) {
    throw new FdPassingError(
      'ERR_PATH_IN_USE',
      `a live process listens at ${path}: stop it, or choose another path`,
    )
  }
  rmSync(path, { force: true })
}

function inodeAt(path: string): BigIntStats | undefined {
  return lstatSync(path, { bigint: true, throwIfNoEntry: false })
}

function kindOf(stats: BigIntStats): string {
  if (stats.isSymbolicLink()) return 'a symbolic link'
  if (stats.isDirectory()) return 'a folder'
  return stats.isFile() ? 'a regular file' : 'a special file'
}
