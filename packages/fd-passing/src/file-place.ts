import { type BigIntStats, constants as fileTypes, lstatSync } from 'node:fs'
import { constants } from 'node:os'
import { basename, dirname } from 'node:path'
import { checkPath } from './check-argument.ts'
import { checked, FdPassingError, systemError } from './error.ts'
import { type FileStats, native } from './native.ts'
import { OwnedFd } from './owned-fd.ts'

/** Names a file, whatever path leads to it. */
export type FileIdentity = Pick<FileStats, 'dev' | 'ino'>

/** The owner of a file. Only root gives files to another user. A user gives them to its own groups. */
export type FileOwner = { uid?: number; gid?: number }

/**
 * A file's place: its name in an open folder. Another user may replace a path between two system calls, or a folder on the
 * way to it. The open folder stays the same one.
 */
export class FilePlace implements Disposable {
  readonly path: string
  readonly #folder: OwnedFd
  readonly #name: string

  /** @throws {FdPassingError} ERR_SYSTEM if the folder cannot be opened (ENOENT, EACCES …) */
  constructor(path: string) {
    checkPath(path)
    this.path = path
    const folder = dirname(path)
    this.#name = basename(path)
    this.#folder = new OwnedFd(checked(native.openFolder(folder), 'open', folder))
  }

  /** The file that is there, or undefined. A symbolic link is not followed. */
  stats(): FileStats | undefined {
    const found = native.statAt(this.#folder.fd, this.#name)
    // Linux can report a file that is removed at this very moment: it has no name any more.
    if (typeof found !== 'number') return found.links > 0 ? found : undefined
    const error = systemError('stat', found, this.path)
    if (error.errno === 'ENOENT') return undefined
    throw error
  }

  /**
   * Opens the file to read and write, never through a symbolic link.
   *
   * @param options `createMode`: the permissions of a new file, created if it is missing. @default a missing file is not created
   */
  open({ createMode = 0 }: { createMode?: number } = {}): OwnedFd {
    return new OwnedFd(checked(native.openFileAt(this.#folder.fd, this.#name, createMode), 'open', this.path))
  }

  /** Changes the permissions of this very socket. */
  chmodSocket({ dev, ino }: FileIdentity, mode: number): void {
    const changed = native.chmodSocketAt(this.#folder.fd, this.#name, dev, ino, mode)
    if (changed === 0) return
    const error = systemError('chmod', changed, this.path)
    if (error.errno === 'ESTALE') throw replaced(this.path)
    if (error.errno !== 'ENOSYS') throw error
    const message = `chmod ${this.path} needs /proc or Linux 6.6. Mount /proc, or choose the mode that the umask leaves`
    throw new FdPassingError('ERR_UNSUPPORTED', message, { cause: error, errno: 'ENOSYS', syscall: 'chmod' })
  }

  /** Changes the owner of this very socket. An id that is left out stays as it is. */
  chownSocket({ dev, ino }: FileIdentity, { uid = -1, gid = -1 }: FileOwner): void {
    // The addon takes 32 bits with a sign.
    const changed = native.chownSocketAt(this.#folder.fd, this.#name, dev, ino, uid | 0, gid | 0)
    if (changed === 0) return
    const error = systemError('chown', changed, this.path)
    throw error.errno === 'ESTALE' ? replaced(this.path) : error
  }

  /** Unlinks this very file. Does nothing if it is not there any more. */
  unlink({ dev, ino }: FileIdentity): void {
    const unlinked = native.unlinkAt(this.#folder.fd, this.#name, dev, ino)
    if (unlinked !== -constants.errno.ENOENT) checked(unlinked, 'unlink', this.path)
  }

  [Symbol.dispose](): void {
    this.#folder.close()
  }
}

/**
 * Looks up the file at a path. Returns undefined if nothing is there. It does not follow a symbolic link. It does not need a descriptor,
 * so it gives a correct answer even if the process has used up its descriptors.
 *
 * @throws {Error} if the look-up fails for another reason
 */
export function lookAt(path: string): BigIntStats | undefined {
  try {
    const found = lstatSync(path, { bigint: true })
    return found.nlink > 0n ? found : undefined
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined
    throw error
  }
}

export function isSameFile(left: FileIdentity, right: FileIdentity): boolean {
  return left.dev === right.dev && left.ino === right.ino
}

export function isSocket({ type }: FileStats): boolean {
  return type === fileTypes.S_IFSOCK
}

export function isRegularFile({ type }: FileStats): boolean {
  return type === fileTypes.S_IFREG
}

export function isFolder({ type }: FileStats): boolean {
  return type === fileTypes.S_IFDIR
}

/** Describes the kind of a file. */
export function kindOf({ type }: FileStats): string {
  switch (type) {
    case fileTypes.S_IFLNK:
      return 'a symbolic link'
    case fileTypes.S_IFDIR:
      return 'a folder'
    case fileTypes.S_IFREG:
      return 'a regular file'
    case fileTypes.S_IFSOCK:
      return 'a socket'
    default:
      return 'a special file'
  }
}

export function octal({ mode }: FileStats): string {
  return mode.toString(8)
}

export function forbidden(message: string, cause?: unknown): FdPassingError {
  return new FdPassingError('ERR_FORBIDDEN', message, { cause })
}

/** Somebody who can write the folder has put something else there. */
export function replaced(path: string): FdPassingError {
  return forbidden(`${path} was replaced by another user or process. Use a folder that only we can write`)
}
