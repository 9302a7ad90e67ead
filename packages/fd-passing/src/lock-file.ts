import { setTimeout as delay } from 'node:timers/promises'
import { checked, FdPassingError } from './error.ts'
import { FilePlace, forbidden, isRegularFile, isSameFile, kindOf, octal } from './file-place.ts'
import { tryLock } from './flock.ts'
import { type FileStats, native } from './native.ts'
import type { OwnedFd } from './owned-fd.ts'

/** The outcome of an attempt to lock a file. The caller owns `fd`, the open file. */
export type LockFileAttempt = {
  /** `held`: another process holds the lock, or another descriptor of this one. */
  type: 'locked' | 'held'
  fd: OwnedFd
}

/** Each attempt that fails is one release by another process. So many at once mean that the file system does not keep files. */
const mostAttempts = 1_000
const firstDelayMs = 1
const longestDelayMs = 50

/**
 * Locks a file that only we can open, unless somebody holds its lock. Makes the file if there is none. The holder of the lock
 * removes the file with {@link removeLockFile}. A file that a killed holder left is used again.
 *
 * @throws {@link FdPassingError} `ERR_FORBIDDEN`: others can open the file, and so lock it; `ERR_SYSTEM`
 */
export function tryLockFile(path: string): LockFileAttempt {
  for (let attempt = 0; attempt < mostAttempts; attempt++) {
    const opened = open(path, true)
    if (opened === undefined) continue
    try {
      if (!tryLock(opened.fd)) return { type: 'held', fd: opened }
      if (isLockFileAt(path, opened.fd)) return { type: 'locked', fd: opened }
    } catch (error) {
      opened.close()
      throw error
    }
    // Its holder removed the file after we had opened it: the lock of that file is worth nothing.
    opened.close()
  }
  throw new FdPassingError('ERR_SYSTEM', `${path} is another file each time that it is opened`)
}

/**
 * Locks a file as {@link tryLockFile} does, and waits while another process has locked it.
 *
 * @param options `signal` ends the wait with its reason
 */
export async function lockFile(path: string, options: { signal?: AbortSignal } = {}): Promise<OwnedFd> {
  const { signal } = options
  // Each attempt opens the path anew, since the holder removes the file.
  for (let delayMs = firstDelayMs; ; delayMs = Math.min(delayMs * 2, longestDelayMs)) {
    signal?.throwIfAborted()
    const { type, fd } = tryLockFile(path)
    if (type === 'locked') return fd
    fd.close()
    await delay(delayMs, undefined, signal ? { signal } : {}).catch((error: unknown) => {
      throw signal?.reason ?? error
    })
  }
}

/**
 * Opens a lock file that is there.
 *
 * @throws {@link FdPassingError} `ERR_FORBIDDEN`, `ERR_SYSTEM`
 */
export function openLockFile(path: string): OwnedFd {
  return open(path, false) ?? openLockFile(path)
}

/** Tells whether the open file is still the one at the path. */
export function isLockFileAt(path: string, fd: number): boolean {
  using place = new FilePlace(path)
  const there = place.stats()
  return there !== undefined && isSameFile(there, statsOf(fd))
}

/** Removes the lock file if it is the open one. Only the holder of its lock may do that. */
export function removeLockFile(path: string, fd: number): void {
  using place = new FilePlace(path)
  place.unlink(statsOf(fd))
}

/** @returns undefined if the file was removed meanwhile */
function open(path: string, create: boolean): OwnedFd | undefined {
  using place = new FilePlace(path)
  const fd = openAt(place, create)
  try {
    const stats = statsOf(fd.fd)
    if (stats.links > 0) {
      checkIsOurs(path, stats)
      return fd
    }
  } catch (error) {
    fd.close()
    throw error
  }
  fd.close()
  return undefined
}

function openAt(place: FilePlace, create: boolean): OwnedFd {
  try {
    return place.open({ create })
  } catch (error) {
    // A link, a folder or a socket cannot be opened. Linux may refuse the file of another user in /tmp (protected_regular).
    const found = place.stats()
    if (found !== undefined) checkIsOurs(place.path, found)
    throw error
  }
}

function checkIsOurs(path: string, stats: FileStats): void {
  if (!isRegularFile(stats)) throw forbidden(`${path} is ${kindOf(stats)}, not a regular file. Remove it`)
  const ours = process.geteuid?.()
  if (stats.uid !== ours) {
    throw forbidden(
      `${path} belongs to uid ${stats.uid}, not to us (uid ${ours}). Remove it, or choose another folder`,
    )
  }
  if ((stats.mode & 0o077) !== 0) {
    throw forbidden(
      `${path} can be opened, and so locked, by others (mode ${octal(stats)}). Remove it, or run: chmod 600 ${path}`,
    )
  }
  if (stats.links !== 1) {
    throw forbidden(
      `${path} is one of ${stats.links} names of the same file, not a file of its own. Remove it`,
    )
  }
}

function statsOf(fd: number): FileStats {
  return checked<FileStats>(native.stat(fd), 'fstat')
}
