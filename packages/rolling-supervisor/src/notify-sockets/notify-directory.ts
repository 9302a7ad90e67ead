import { constants, mkdirSync, mkdtempSync, openSync, readdirSync, rmdirSync } from 'node:fs'
import { basename, join, resolve } from 'node:path'
import { maxUnixAddressBytes, OwnedFd, OwnFolder, tryLock } from '@shellflip/fd-passing'
import { privateFolderFault } from '@shellflip/internal'
import { SupervisorError } from '../supervisor-error.ts'

/** Room for mkdtemp's six characters, and for the sockets of a billion generations. */
const LONGEST_SOCKET_NAME = '000000/1000000000.sock'

const REASONS: Record<string, string> = {
  ENOENT: 'it does not exist',
  ENOTDIR: 'it is not a folder',
  EACCES: 'it cannot be written by this user',
  EROFS: 'it is on a read-only file system',
  ENOSPC: 'its file system is full',
  EDQUOT: 'the quota of its file system is used up',
}

/** Where the folder is made, and what its name begins with. */
type Parent = { path: string; prefix: string; flag: string }

/**
 * The folder of the generations' notify sockets, gone with its scope. Its parent is mostly /tmp, so it is held open, and
 * only sockets in this very folder are removed.
 */
export class NotifyDirectory implements Disposable {
  readonly #parent: Parent
  #folder: OwnFolder
  #inUse: Disposable | undefined

  /**
   * @param program the beginning of its name
   * @param flag how the user chooses the parent
   * @throws {SupervisorError} ERR_NOTIFY_DIRECTORY
   */
  constructor(parent: string, program: string, flag: string) {
    this.#parent = checkedParent({ path: resolve(parent), prefix: `${program}-`, flag })
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
   * @throws {SupervisorError} ERR_NOTIFY_DIRECTORY
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

/**
 * Removes what a killed supervisor left: the sockets of generations, and then their folder. Anything else stays.
 *
 * @param program the program whose folders it may remove
 */
export function removeLeftNotifyDirectory(path: string, program: string): void {
  const name = basename(path)
  const isOurs = name.startsWith(`${program}-`) && /^[A-Za-z0-9]{6}$/.test(name.slice(program.length + 1))
  if (!isOurs || resolve(path) !== path) return
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

function checkedParent(parent: Parent): Parent {
  const { path, prefix, flag } = parent
  const bytes = Buffer.byteLength(join(path, `${prefix}${LONGEST_SOCKET_NAME}`))
  if (bytes <= maxUnixAddressBytes) return parent
  throw new SupervisorError(
    'ERR_NOTIFY_DIRECTORY',
    `${flag} ${path} is too long: a notify socket in it takes ${bytes} bytes, and a UNIX socket's path has ` +
      `at most ${maxUnixAddressBytes}. ${hintFor(parent)}`,
  )
}

function hintFor({ flag }: Parent): string {
  return `Choose another place for the notify sockets: ${flag} /run/app`
}

/**
 * The parent may have been swept away as well. Each missing folder is created for this user only.
 *
 * @returns undefined if somebody else has taken the path
 */
function makeAgain(parent: Parent, path: string): OwnFolder | undefined {
  try {
    privateFolderFault(parent.path, { make: true })
    mkdirSync(path, { mode: 0o700 })
    return hold(path)
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'EEXIST') return undefined
    throw unusable(parent, cause)
  }
}

/**
 * systemd-tmpfiles does not remove a locked folder, however old (tmpfiles.d(5), Age). A service may run for months. If the file system
 * does not support locks, the supervisor runs without one.
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

function makeIn(parent: Parent): OwnFolder {
  try {
    return hold(mkdtempSync(join(parent.path, parent.prefix)))
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

function unusable(parent: Parent, cause: unknown): SupervisorError {
  const code = (cause as NodeJS.ErrnoException).code ?? ''
  const reason = REASONS[code] ?? (cause as Error).message
  const message = `${parent.flag} ${parent.path} cannot be used: ${reason} (${code}). ${hintFor(parent)}`
  return new SupervisorError('ERR_NOTIFY_DIRECTORY', message, { cause })
}
