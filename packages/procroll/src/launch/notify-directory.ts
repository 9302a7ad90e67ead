import { constants, mkdirSync, mkdtempSync, openSync, readdirSync, rmdirSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { maxUnixAddressBytes, OwnedFd, OwnFolder, tryLock } from '@shellflip/fd-passing'
import { privateFolderFault } from '@shellflip/internal'
import { ProcrollError } from '../procroll-error.ts'

const PREFIX = 'procroll-'

/** Room for mkdtemp's six characters, and for the sockets of a billion generations. */
const LONGEST_SOCKET_NAME = `${PREFIX}XXXXXX/1000000000.sock`

const HINT = 'Choose another place for the notify sockets: --tempdir /run/app'

const REASONS: Record<string, string> = {
  ENOENT: 'it does not exist',
  ENOTDIR: 'it is not a folder',
  EACCES: 'it cannot be written by this user',
  EROFS: 'it is on a read-only file system',
  ENOSPC: 'its file system is full',
  EDQUOT: 'the quota of its file system is used up',
}

/**
 * The folder of the generations' notify sockets, gone with its scope. Its parent is mostly /tmp, so it is held open, and
 * only sockets in this very folder are removed.
 */
export class NotifyDirectory implements Disposable {
  readonly #parent: string
  #folder: OwnFolder
  #inUse: Disposable | undefined

  /** @throws {ProcrollError} ERR_TEMPDIR */
  constructor(tempdir: string) {
    this.#parent = checkedParent(tempdir)
    this.#folder = makeIn(this.#parent)
    this.#inUse = markInUse(this.#folder.path)
  }

  get path(): string {
    return this.#folder.path
  }

  /** Returns how another user could replace the folder, or undefined. That user could block messages of generations. */
  get fault(): string | undefined {
    return privateFolderFault(this.path)
  }

  /**
   * Creates the folder again if it was swept away. It keeps its path, because living generations know that path, unless another user has
   * taken it.
   *
   * @returns whether it was missing
   * @throws {ProcrollError} ERR_TEMPDIR
   */
  restore(): boolean {
    if (this.#folder.isThere) return false
    const restored = makeAgain(this.#parent, this.path) ?? makeIn(this.#parent)
    this.#close()
    this.#folder = restored
    this.#inUse = markInUse(restored.path)
    return true
  }

  [Symbol.dispose](): void {
    removeSockets(this.#folder)
    this.#close()
  }

  #close(): void {
    this.#folder[Symbol.dispose]()
    this.#inUse?.[Symbol.dispose]()
  }
}

/** Removes what a killed procroll left: the sockets of generations, and then their folder. Anything else stays. */
export function removeLeftNotifyDirectory(path: string): void {
  if (!/\/procroll-[A-Za-z0-9]{6}$/.test(path) || resolve(path) !== path) return
  try {
    using folder = new OwnFolder(path)
    removeSockets(folder)
  } catch {
    // It is gone, or it is not ours any more.
  }
}

/** The names are only candidates. This removes only sockets of this user in the open folder. */
function removeSockets(folder: OwnFolder): void {
  try {
    for (const name of readdirSync(folder.path)) if (/^\d+\.sock$/.test(name)) folder.unlinkSocket(name)
    folder.removeIfEmpty()
  } catch {
    // It was swept away.
  }
}

function checkedParent(tempdir: string): string {
  const parent = resolve(tempdir)
  const bytes = Buffer.byteLength(join(parent, LONGEST_SOCKET_NAME))
  if (bytes <= maxUnixAddressBytes) return parent
  throw new ProcrollError(
    'ERR_TEMPDIR',
    `--tempdir ${parent} is too long: a notify socket in it takes ${bytes} bytes, and a UNIX socket's path has ` +
      `at most ${maxUnixAddressBytes}. ${HINT}`,
  )
}

/**
 * The parent may have been swept away as well. Each missing folder is created for this user only.
 *
 * @returns undefined if somebody else has taken the path
 */
function makeAgain(parent: string, path: string): OwnFolder | undefined {
  try {
    privateFolderFault(parent, { make: true })
    mkdirSync(path, { mode: 0o700 })
    return hold(path)
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'EEXIST') return undefined
    throw unusable(parent, cause)
  }
}

/**
 * systemd-tmpfiles does not remove a locked folder, however old (tmpfiles.d(5), Age). A service may run for months. If the file system
 * does not support locks, procroll runs without one.
 */
function markInUse(folder: string): Disposable | undefined {
  try {
    using fd = new OwnedFd(
      openSync(folder, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW),
    )
    return tryLock(fd.fd, 'shared') ? new OwnedFd(fd.release()) : undefined
  } catch {
    return undefined
  }
}

function makeIn(parent: string): OwnFolder {
  try {
    return hold(mkdtempSync(join(parent, PREFIX)))
  } catch (cause) {
    throw unusable(parent, cause)
  }
}

/** Holds a folder that was just made, and removes it if that fails. */
function hold(made: string): OwnFolder {
  try {
    return new OwnFolder(made)
  } catch (error) {
    removeEmpty(made)
    throw error
  }
}

function removeEmpty(folder: string): void {
  try {
    rmdirSync(folder)
  } catch {
    // Somebody was faster.
  }
}

function unusable(parent: string, cause: unknown): ProcrollError {
  const code = (cause as NodeJS.ErrnoException).code ?? ''
  const reason = REASONS[code] ?? (cause as Error).message
  return new ProcrollError(
    'ERR_TEMPDIR',
    `--tempdir ${parent} cannot be used: ${reason} (${code}). ${HINT}`,
    {
      cause,
    },
  )
}
