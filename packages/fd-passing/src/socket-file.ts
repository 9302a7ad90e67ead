import { constants } from 'node:os'
import { show } from '@shellflip/internal'
import { invalidArgument, systemError } from './error.ts'
import {
  type FileIdentity,
  type FileOwner,
  FilePlace,
  forbidden,
  isSocket,
  kindOf,
  replaced,
} from './file-place.ts'
import type { FileStats } from './native.ts'

/**
 * Changes the permissions of a UNIX socket's path. It does not follow a symbolic link, and does not touch the file of another user. It
 * does nothing if the permissions are right already.
 *
 * @param mode the permission bits, as `0o660`
 * @throws {FdPassingError} ERR_FORBIDDEN if the path is not a socket of this user
 * @throws {FdPassingError} ERR_INVALID_ARGUMENT
 * @throws {FdPassingError} ERR_SYSTEM if the path does not exist (ENOENT)
 * @throws {FdPassingError} ERR_UNSUPPORTED if the system has neither /proc nor fchmodat2(2) (Linux 6.6)
 */
export function setSocketMode(path: string, mode: number): void {
  checkMode(mode)
  using place = new FilePlace(path)
  const file = place.stats()
  if (file === undefined) throw systemError('chmod', -constants.errno.ENOENT, path)
  checkIsOurSocket(path, file)
  if (file.mode !== mode) place.chmodSocket(file, mode)
}

/** The file of a socket that this process is about to bind, from before bind(2) on. */
export class SocketFile implements Disposable {
  readonly #place: FilePlace
  #bound: FileStats | undefined

  /** @throws {FdPassingError} ERR_SYSTEM if the path exists (EADDRINUSE) */
  constructor(path: string) {
    this.#place = new FilePlace(path)
    if (this.#place.stats() === undefined) return
    this.#place[Symbol.dispose]()
    throw systemError('bind', -constants.errno.EADDRINUSE, path)
  }

  /**
   * Records which file it is. Call this right after bind(2). The path was free before, so a socket of this user in the same folder is the
   * one that was bound.
   */
  noteBound(): void {
    const found = this.#place.stats()
    if (found !== undefined && isOurSocket(found)) this.#bound = found
  }

  /** The file, if it is provably the one that was bound. */
  get identity(): FileIdentity | undefined {
    return this.#bound
  }

  /** Sets the permissions, of which the umask may have left less. */
  setMode(mode: number): void {
    if (this.#bound === undefined) throw replaced(this.#place.path)
    if (this.#bound.mode !== mode) this.#place.chmodSocket(this.#bound, mode)
  }

  /** Gives the file away. Its permissions come after that, so that the former group never has those of the new one. */
  setOwner(owner: FileOwner): void {
    if (this.#bound === undefined) throw replaced(this.#place.path)
    this.#place.chownSocket(this.#bound, owner)
  }

  /** Removes the file of a socket that failed, if it is provably the one that was bound. */
  remove(): void {
    try {
      if (this.#bound !== undefined) this.#place.unlink(this.#bound)
    } catch {
      // The first failure is the error to report. The next process that claims the path takes over a dead socket.
    }
  }

  [Symbol.dispose](): void {
    this.#place[Symbol.dispose]()
  }
}

export function checkMode(mode: number): void {
  if (Number.isInteger(mode) && mode >= 0 && mode <= 0o7777) return
  throw invalidArgument(`mode must be permission bits, as 0o660, not ${show(mode)}`)
}

function checkIsOurSocket(path: string, file: FileStats): void {
  if (isOurSocket(file)) return
  const ours = process.geteuid?.()
  const what = !isSocket(file)
    ? `is ${kindOf(file)}, not a socket`
    : file.uid !== ours
      ? `is a socket of uid ${file.uid}, not of us (uid ${ours})`
      : `has ${file.links} names (hard links)`
  throw forbidden(`${path} ${what}. Its permissions stay as they are`)
}

/** A second name may have been made by another user, for a socket that we have elsewhere. */
function isOurSocket(file: FileStats): boolean {
  return isSocket(file) && file.uid === process.geteuid?.() && file.links === 1
}
