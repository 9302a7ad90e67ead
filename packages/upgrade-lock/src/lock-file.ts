import { dirname } from 'node:path'
import { type LockFileAttempt, type OwnedFd, openLockFile, tryLockFile } from '@shellflip/fd-passing'
import { privateFolderFault } from '@shellflip/internal'
import { forbidden } from './upgrade-lock-error.ts'

/**
 * Locks the file, in a folder in which others cannot put something else there.
 *
 * @throws {UpgradeLockError} ERR_FORBIDDEN
 */
export function tryLockFileOfOurs(path: string): LockFileAttempt {
  checkFolder(dirname(path))
  return tryLockFile(path)
}

/** Opens the lock file that is there. @throws {UpgradeLockError} ERR_FORBIDDEN */
export function openLockFileOfOurs(path: string): OwnedFd {
  checkFolder(dirname(path))
  return openLockFile(path)
}

/** Somebody who can write the folder, or replace it by writing an ancestor, could replace the lock file. */
function checkFolder(folder: string): void {
  const fault = privateFolderFault(folder)
  if (fault !== undefined) throw forbidden(fault)
}
