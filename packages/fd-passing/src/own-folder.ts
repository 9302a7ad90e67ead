import { rmdirSync } from 'node:fs'
import { constants } from 'node:os'
import { show } from '@shellflip/internal'
import { checked, invalidArgument, systemError } from './error.ts'
import {
  FilePlace,
  forbidden,
  isFolder,
  isSameFile,
  isSocket,
  kindOf,
  lookAt,
  octal,
  replaced,
} from './file-place.ts'
import { type FileStats, native } from './native.ts'
import { OwnedFd } from './owned-fd.ts'

/**
 * A folder that belongs to this user, and that nobody else can write. It is held open, so it stays the same folder even if another one is
 * put at its path.
 */
export class OwnFolder implements Disposable {
  readonly path: string
  readonly #folder: OwnedFd
  readonly #stats: FileStats

  /**
   * @throws {FdPassingError} ERR_FORBIDDEN if it is not such a folder
   * @throws {FdPassingError} ERR_SYSTEM if the folder cannot be opened (ENOENT …)
   */
  constructor(path: string) {
    this.path = path
    this.#stats = checkedStats(path)
    this.#folder = new OwnedFd(checked(native.openFolder(path), 'open', path))
    if (isSameFile(this.#stats, checked<FileStats>(native.stat(this.#folder.fd), 'fstat'))) return
    this.#folder.close()
    throw replaced(path)
  }

  /**
   * Tells whether the folder is still the one at its path. It counts as there until the system says that nothing is there,
   * or something else.
   */
  get isThere(): boolean {
    try {
      return this.#isAtPath()
    } catch {
      // The way to it is closed to us, or the system is short of something.
      return true
    }
  }

  /** Unlinks a socket of this user in the folder. Anything else under that name stays. */
  unlinkSocket(name: string): void {
    if (typeof name !== 'string' || name.includes('/'))
      throw invalidArgument(`a name in a folder must be text without a slash, not ${show(name)}`)
    const found = native.statAt(this.#folder.fd, name)
    if (typeof found === 'number' || !isSocket(found) || found.uid !== process.geteuid?.()) return
    native.unlinkAt(this.#folder.fd, name, found.dev, found.ino)
  }

  /** Removes the folder from its path. Does nothing if it is not empty, or not there any more. */
  removeIfEmpty(): void {
    try {
      if (this.#isAtPath()) rmdirSync(this.path)
    } catch {
      // The folder contains files that are not ours to remove.
    }
  }

  #isAtPath(): boolean {
    const found = lookAt(this.path)
    return found !== undefined && isSameFile(found, this.#stats)
  }

  [Symbol.dispose](): void {
    this.#folder.close()
  }
}

function checkedStats(path: string): FileStats {
  using place = new FilePlace(path)
  const stats = place.stats()
  if (stats === undefined) throw systemError('stat', -constants.errno.ENOENT, path)
  if (!isFolder(stats)) throw forbidden(`${path} is ${kindOf(stats)}, not a folder`)
  const ours = process.geteuid?.()
  if (stats.uid !== ours) throw forbidden(`${path} belongs to uid ${stats.uid}, not to us (uid ${ours})`)
  if ((stats.mode & 0o022) !== 0)
    throw forbidden(`${path} can be written by others (mode ${octal(stats)}). Run: chmod go-w ${path}`)
  return stats
}
