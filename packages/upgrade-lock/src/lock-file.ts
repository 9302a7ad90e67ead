import { type BigIntStats, constants, fstatSync, lstatSync, openSync, rmSync, type Stats } from 'node:fs'
import { dirname } from 'node:path'
import { OwnedFd } from '@shellflip/fd-passing'
import { privateFolderFault } from '@shellflip/internal'
import { forbidden, notRegular } from './upgrade-lock-error.ts'

/**
 * Opens the lock file; with `O_CREAT` it is made if there is none.
 *
 * @throws {UpgradeLockError} ERR_FORBIDDEN if others could put something else there, or lock it themselves
 */
export function openLockFile(path: string, create = 0): OwnedFd {
  checkFolder(dirname(path))
  // A pipe would wait for its other end without O_NONBLOCK; regular files do not care.
  const flags = constants.O_RDWR | create | constants.O_NOFOLLOW | constants.O_NONBLOCK
  const fd = new OwnedFd(openSync(path, flags, 0o600))
  try {
    checkFile(path, fstatSync(fd.fd))
    return fd
  } catch (error) {
    fd.close()
    throw error
  }
}

/** Whether the open file is the one at the path still. */
export function isAt(path: string, fd: number): boolean {
  const there: BigIntStats | undefined = lstatSync(path, { bigint: true, throwIfNoEntry: false })
  const ours = fstatSync(fd, { bigint: true })
  return there?.ino === ours.ino && there.dev === ours.dev
}

/** Removes the lock file, if it is the open one. To be called by whoever holds its lock: nobody else removes it. */
export function removeLockFile(path: string, fd: number): void {
  if (isAt(path, fd)) rmSync(path, { force: true })
}

function checkFile(path: string, stats: Stats): void {
  if (!stats.isFile()) throw notRegular(path)
  const ours = process.geteuid?.()
  if (stats.uid !== ours) {
    throw forbidden(
      `${path} belongs to uid ${stats.uid}, not to uid ${ours}. Remove it, or choose another lock file (shellflip: lockFile).`,
    )
  }
  if ((stats.mode & 0o077) !== 0) {
    throw forbidden(
      `${path} can be opened, and so locked, by others (mode ${octal(stats)}): chmod 600 ${path}, or remove it`,
    )
  }
}

/** Somebody who can write the folder, or replace it by writing an ancestor, could replace the lock file. */
function checkFolder(folder: string): void {
  const fault = privateFolderFault(folder)
  if (fault !== undefined) throw forbidden(fault)
}

function octal({ mode }: Stats): string {
  return (mode & 0o7777).toString(8)
}
