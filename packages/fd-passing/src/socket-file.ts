import { constants } from 'node:os'
import { invalidArgument, systemError } from './error.ts'
import { type FileIdentity, FilePlace, forbidden, isSocket, kindOf, replaced } from './file-place.ts'
import type { FileStats } from './native.ts'

/**
 * Changes the permissions of a UNIX socket's path. A symbolic link is not followed, and the file of another user is left
 * alone. Nothing happens if the permissions are right already.
 *
 * @param mode the permission bits, as `0o660`
 * @throws {@link FdPassingError} `ERR_FORBIDDEN`: the path is not a socket of ours; `ERR_INVALID_ARGUMENT`;
 *   `ERR_SYSTEM` with `ENOENT`; `ERR_UNSUPPORTED`: neither /proc nor fchmodat2(2) (Linux 6.6) is there
 */
export function setSocketMode(path: string, mode: number): void {
  checkMode(mode)
  using place = new FilePlace(path)
  const file = place.stats()
  if (file === undefined) throw systemError('chmod', -constants.errno.ENOENT, path)
  if (!isSocket(file))
    throw forbidden(`${path} is ${kindOf(file)}, not a socket. Its permissions are left as they are`)
  if (!isOurs(file)) {
    const ours = process.geteuid?.()
    throw forbidden(
      `${path} is a socket of uid ${file.uid}, not of us (uid ${ours}). Its permissions are left as they are`,
    )
  }
  if (file.mode !== mode) place.chmodSocket(file, mode)
}

/** The file of a socket that this process is about to bind, from before bind(2) on. */
export class SocketFile implements Disposable {
  readonly #place: FilePlace
  #bound: FileStats | undefined

  /** @throws {@link FdPassingError} `ERR_SYSTEM` with `EADDRINUSE` if something is there */
  constructor(path: string) {
    this.#place = new FilePlace(path)
    if (this.#place.stats() === undefined) return
    this.#place[Symbol.dispose]()
    throw systemError('bind', -constants.errno.EADDRINUSE, path)
  }

  /**
   * To be called right after bind(2): nothing was there before, so a socket of ours in the same folder is the one that was
   * bound.
   */
  noteBound(): void {
    const found = this.#place.stats()
    if (found !== undefined && isSocket(found) && isOurs(found)) this.#bound = found
  }

  /** The file, if it is provably the one that was bound. */
  get identity(): FileIdentity | undefined {
    return this.#bound
  }

  /** The umask may have left less than was asked for. */
  setMode(mode: number): void {
    if (this.#bound === undefined) throw replaced(this.#place.path)
    if (this.#bound.mode !== mode) this.#place.chmodSocket(this.#bound, mode)
  }

  /** Removes the file of a socket that comes to nothing, if it is provably the one that was bound. */
  remove(): void {
    try {
      if (this.#bound !== undefined) this.#place.unlink(this.#bound)
    } catch {
      // What made it come to nothing is the error to report. The next one to claim the path takes a dead socket over.
    }
  }

  [Symbol.dispose](): void {
    this.#place[Symbol.dispose]()
  }
}

export function checkMode(mode: number): void {
  if (Number.isInteger(mode) && mode >= 0 && mode <= 0o7777) return
  throw invalidArgument(`mode is permission bits, as 0o660, not ${mode}`)
}

/** Another name of the same file would be a socket that others know. */
function isOurs({ uid, links }: FileStats): boolean {
  return uid === process.geteuid?.() && links === 1
}
