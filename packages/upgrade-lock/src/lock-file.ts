import { lstatSync, type Stats, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { type LockFileAttempt, type OwnedFd, openLockFile, tryLockFile } from '@shellflip/fd-passing'
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

/** Whoever can write the folder could replace the lock file: a sticky one such as /tmp is refused too. */
function checkFolder(folder: string): void {
  checkFolderOwner(folder, lstatSync(folder))
  const stats = statSync(folder)
  checkFolderOwner(folder, stats)
  if ((stats.mode & 0o022) === 0) return
  throw forbidden(
    `${folder} can be written by others (mode ${octal(stats)}): use a folder of its own in it, or chmod go-w ${folder}`,
  )
}

/** The owner of a folder can replace what is in it, the owner of a symbolic link where it leads. */
function checkFolderOwner(folder: string, { uid }: Stats): void {
  const ours = process.geteuid?.()
  if (uid === 0 || uid === ours) return
  throw forbidden(
    `${folder} belongs to uid ${uid}, neither to us (uid ${ours}) nor to root: use a folder of our own`,
  )
}

function octal({ mode }: Stats): string {
  return (mode & 0o7777).toString(8)
}
