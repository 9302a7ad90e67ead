import { ftruncateSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { checkOptions } from './check-argument.ts'
import { checked, FdPassingError } from './error.ts'
import { FilePlace, forbidden, isRegularFile, isSameFile, kindOf, octal } from './file-place.ts'
import { tryLock, unlock } from './flock.ts'
import { isAwaited } from './flock-waiters.ts'
import { type FileStats, native } from './native.ts'
import { checkDescriptor, type OwnedFd } from './owned-fd.ts'

export type LockFileOptions = {
  /**
   * Tells whether the content of an open file is the caller's note, as who holds the lock. A file with other content is not a lock
   * file: it is `ERR_FORBIDDEN`, and stays as it is. @default only an empty file is a lock file
   */
  isNote?: (fd: number) => boolean
}

export type RemoveLockFileOptions = LockFileOptions & {
  /** Whether a file of this name is always a lock of this program. Then it is removed, even without the mark. @default false */
  nameIsOurs?: boolean
}

/** The outcome of an attempt to lock a file. The caller owns `fd`, the open file. */
export type LockFileAttempt = {
  /** `held`: another process holds the lock, or another descriptor of this one. */
  type: 'locked' | 'held'
  fd: OwnedFd
}

/** Each failed attempt means that another process released the lock. This many attempts mean that the file system does not keep files. */
const mostAttempts = 1_000
const firstDelayMs = 1
const longestDelayMs = 50

/**
 * Marks a file that a lock has made (S_ISVTX), from its creation on. Linux ignores this bit of a file. Only a marked file is removed with
 * its lock. A file of another program, such as flock(1), stays. Other systems clear the bit.
 */
const madeByLock = 0o1000
const createMode = 0o600 | madeByLock

/**
 * Locks a file that only this user can open, unless another process holds its lock. Creates the file if it is missing. The holder of the
 * lock removes the file with {@link removeLockFile}. A file that a killed holder left is used again, and so is an empty one.
 *
 * @throws {FdPassingError} ERR_FORBIDDEN if others can open the file, and so lock it, or if it is not a lock file
 * @throws {FdPassingError} ERR_SYSTEM
 */
export function tryLockFile(path: string, options: LockFileOptions = {}): LockFileAttempt {
  checkOptions('tryLockFile()', options, { isNote: 'function' })
  const { isNote = isNeverNote } = options
  for (let attempt = 0; attempt < mostAttempts; attempt++) {
    const opened = open(path, createMode)
    if (opened === undefined) continue
    try {
      if (!tryLock(opened.fd)) return { type: 'held', fd: opened }
      if (isLockFileAt(path, opened.fd)) {
        checkContent(path, opened.fd, isNote)
        return { type: 'locked', fd: opened }
      }
    } catch (error) {
      opened.close()
      throw error
    }
    // Its holder removed the file after we had opened it: the lock of that file is worth nothing.
    opened.close()
  }
  throw new FdPassingError('ERR_SYSTEM', `${path} becomes another file each time it is opened`)
}

/**
 * Locks a file as {@link tryLockFile} does, and waits while another process has locked it.
 *
 * @param options `signal` ends the wait with its reason
 */
export async function lockFile(
  path: string,
  options: LockFileOptions & { signal?: AbortSignal } = {},
): Promise<OwnedFd> {
  checkOptions('lockFile()', options, { isNote: 'function', signal: 'AbortSignal' })
  const { signal, ...attemptOptions } = options
  // Each attempt opens the path anew, since the holder removes the file.
  for (let delayMs = firstDelayMs; ; delayMs = Math.min(delayMs * 2, longestDelayMs)) {
    signal?.throwIfAborted()
    const { type, fd } = tryLockFile(path, attemptOptions)
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
 * @throws {FdPassingError} ERR_FORBIDDEN
 * @throws {FdPassingError} ERR_SYSTEM
 */
export function openLockFile(path: string): OwnedFd {
  return open(path) ?? openLockFile(path)
}

/** Tells whether the open file is still the one at the path. */
export function isLockFileAt(path: string, fd: number): boolean {
  const stats = statsOf(fd)
  using place = new FilePlace(path)
  const there = place.stats()
  return there !== undefined && isSameFile(there, stats)
}

/**
 * Removes the lock file if it is the open one. Only the holder of its lock may do that. The file stays, without the note, if another
 * program made it or waits for its lock. Otherwise that program would lock a file that is not at the path any more. A file with other
 * content, written by somebody else, stays as it is.
 */
export function removeLockFile(path: string, fd: number, options: RemoveLockFileOptions = {}): void {
  checkOptions('removeLockFile()', options, { isNote: 'function', nameIsOurs: 'boolean' })
  const { isNote = isNeverNote, nameIsOurs = false } = options
  const stats = statsOf(fd)
  using place = new FilePlace(path)
  if (stats.size > 0 && !isNote(fd)) return
  if (nameIsOurs || (isMadeByLock(stats) && !isAwaited(fd))) place.unlink(stats)
  else if (stats.size > 0) ftruncateSync(fd)
}

const isNeverNote = () => false

/** Only Linux keeps the mark. Elsewhere every lock file counts as made by a lock. */
function isMadeByLock({ mode }: FileStats): boolean {
  return process.platform !== 'linux' || (mode & madeByLock) !== 0
}

/** @returns undefined if the file was removed meanwhile */
function open(path: string, createMode = 0): OwnedFd | undefined {
  using place = new FilePlace(path)
  // Opening a device or a pipe can have a side effect.
  const found = place.stats()
  if (found !== undefined) checkIsOurs(path, found)
  const fd = openAt(place, createMode)
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

function openAt(place: FilePlace, createMode: number): OwnedFd {
  try {
    return place.open({ createMode })
  } catch (error) {
    // A link, a folder or a socket cannot be opened. Linux may refuse the file of another user in /tmp (protected_regular).
    const found = place.stats()
    if (found !== undefined) checkIsOurs(place.path, found)
    throw error
  }
}

function checkIsOurs(path: string, stats: FileStats): void {
  if (!isRegularFile(stats))
    throw forbidden(`${path} is ${kindOf(stats)}, not a regular file. Choose another path for the lock`)
  const ours = process.geteuid?.()
  if (stats.uid !== ours) {
    throw forbidden(
      `${path} belongs to uid ${stats.uid}, not to us (uid ${ours}). Choose another path for the lock`,
    )
  }
  if ((stats.mode & 0o077) !== 0) {
    throw forbidden(
      `${path} can be opened, and therefore locked, by others (mode ${octal(stats)}). Choose another path for the lock, or run: chmod 600 ${path}`,
    )
  }
  if (stats.links !== 1) {
    throw forbidden(
      `${path} has ${stats.links} names (hard links), so it is not a file of its own. Choose another path for the lock`,
    )
  }
}

/** The holder of the lock overwrites and removes the file, so it must not be a file that somebody needs. */
function checkContent(path: string, fd: number, isNote: (fd: number) => boolean): void {
  const { size } = statsOf(fd)
  if (size === 0 || isNote(fd)) return
  unlock(fd)
  throw forbidden(
    `${path} is not a lock file: it has ${size} bytes that no lock has written. Choose a path of its own for the lock`,
  )
}

function statsOf(fd: number): FileStats {
  return checked<FileStats>(native.stat(checkDescriptor(fd)), 'fstat')
}
