import { fstatSync, lstatSync } from 'node:fs'
import { dirname } from 'node:path'
import {
  FdPassingError,
  isLockFileAt,
  type LockFileAttempt,
  type OwnedFd,
  openLockFile,
  removeLockFile,
  tryLockFile,
} from '@shellflip/fd-passing'
import { privateFolderFault } from '@shellflip/internal'
import { isNote } from './holder-note.ts'
import { forbidden } from './upgrade-lock-error.ts'

/**
 * Locks the file, in a folder in which others cannot put something else there.
 *
 * @throws {UpgradeLockError} ERR_LOCK_FORBIDDEN
 */
export function tryLockFileOfOurs(path: string): LockFileAttempt {
  checkFolder(dirname(path))
  return tryLockFile(path, { isNote })
}

/** Removes the lock file that is held, or leaves it to the program that made it or waits for it. */
export function removeLockFileOfOurs(path: string, fd: number): void {
  removeLockFile(path, fd, { isNote })
}

/** Refuses to write over a file that is not a lock. @throws {UpgradeLockError} ERR_LOCK_FORBIDDEN */
export function checkIsLockFile(path: string, fd: number): void {
  const { size } = fstatSync(fd)
  if (size === 0 || isNote(fd)) return
  throw forbidden(
    `${path} is not a lock file: it has ${size} bytes that no lock has written. Lock another file`,
  )
}

/** Checks what is at the path of an open lock file. If the system does not answer, the result is `ours`. */
export function whatIsAt(path: string, fd: number): 'ours' | 'removed' | 'replaced' {
  try {
    if (isLockFileAt(path, fd)) return 'ours'
    return lstatSync(path, { throwIfNoEntry: false }) === undefined ? 'removed' : 'replaced'
  } catch (error) {
    const { errno } = error instanceof FdPassingError ? error : {}
    return errno === 'ENOENT' || errno === 'ENOTDIR' ? 'removed' : 'ours'
  }
}

/** Opens the lock file that is there. @throws {UpgradeLockError} ERR_LOCK_FORBIDDEN */
export function openLockFileOfOurs(path: string): OwnedFd {
  checkFolder(dirname(path))
  return openLockFile(path)
}

/** Somebody who can write the folder, or replace it by writing an ancestor, could replace the lock file. */
function checkFolder(folder: string): void {
  const fault = privateFolderFault(folder)
  if (fault !== undefined) throw forbidden(fault)
}
