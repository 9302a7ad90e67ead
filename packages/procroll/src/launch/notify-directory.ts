import { constants, lstatSync, mkdtempSync, openSync, rmSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { maxUnixAddressBytes, OwnedFd, tryLock } from '@shellflip/fd-passing'
import { ProcrollError } from '../procroll-error.ts'

const PREFIX = 'procroll-'

/** Room for mkdtemp's six characters, and for the sockets of a billion generations. */
const LONGEST_SOCKET_NAME = `${PREFIX}XXXXXX/1000000000.sock`

const HINT = 'Choose another place for the notify sockets: --tempdir /run/app'

const REASONS: Record<string, string> = {
  ENOENT: 'it does not exist',
  ENOTDIR: 'it is no folder',
  EACCES: 'it cannot be written by this user',
  EROFS: 'it is on a read-only file system',
  ENOSPC: 'its file system is full',
  EDQUOT: 'the quota of its file system is used up',
}

/**
 * A folder of our own for the generations' notify sockets, gone with its scope.
 *
 * @throws ProcrollError `ERR_TEMPDIR`
 */
export function makeNotifyDirectory(tempdir: string): Disposable & { path: string } {
  const parent = resolve(tempdir)
  const bytes = Buffer.byteLength(join(parent, LONGEST_SOCKET_NAME))
  if (bytes > maxUnixAddressBytes) {
    throw new ProcrollError(
      'ERR_TEMPDIR',
      `--tempdir ${parent} is too long: a notify socket in it takes ${bytes} bytes, and a UNIX socket's path has ` +
        `at most ${maxUnixAddressBytes}. ${HINT}`,
    )
  }
  const path = makeIn(parent)
  const inUse = markInUse(path)
  return {
    path,
    [Symbol.dispose]() {
      rmSync(path, { recursive: true, force: true })
      inUse?.[Symbol.dispose]()
    },
  }
}

/**
 * systemd-tmpfiles leaves alone what is locked, however old (tmpfiles.d(5), Age): a service may run for months. Where
 * the file system knows no locks, it runs without.
 */
function markInUse(folder: string): Disposable | undefined {
  try {
    using fd = new OwnedFd(openSync(folder, constants.O_RDONLY | constants.O_DIRECTORY))
    return tryLock(fd.fd, 'shared') ? new OwnedFd(fd.release()) : undefined
  } catch {
    return undefined
  }
}

/** Removes what `makeNotifyDirectory` made for a procroll that was killed, and nothing else. */
export function removeLeftNotifyDirectory(path: string): void {
  if (!/\/procroll-[A-Za-z0-9]{6}$/.test(path) || resolve(path) !== path) return
  const left = lstatSync(path, { throwIfNoEntry: false })
  if (left?.isDirectory() && left.uid === process.geteuid?.()) rmSync(path, { recursive: true, force: true })
}

function makeIn(parent: string): string {
  try {
    return mkdtempSync(join(parent, PREFIX))
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code ?? ''
    throw new ProcrollError(
      'ERR_TEMPDIR',
      `--tempdir ${parent} cannot be used: ${REASONS[code] ?? (cause as Error).message} (${code}). ${HINT}`,
      { cause },
    )
  }
}
