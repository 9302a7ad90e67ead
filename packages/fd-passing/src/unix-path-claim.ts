import { show } from '@shellflip/internal'
import { checkOptions, checkOwner, checkPath } from './check-argument.ts'
import { FdPassingError, invalidArgument } from './error.ts'
import { type FileIdentity, type FileOwner, FilePlace, lookAt, replaced } from './file-place.ts'
import { checkMode } from './socket-file.ts'

/** A socket path that is ours as long as the same file is there. */
export class UnixPathClaim {
  readonly path: string
  readonly #file: FileIdentity | undefined

  /**
   * Claims a path at which our listener is already. An abstract path does not have a file.
   *
   * @param file the listener's file. Null if it is unknown, so that nothing is unlinked. @default the socket that is there now
   */
  constructor(path: string, file: FileIdentity | null = socketAt(path)) {
    checkPath(path)
    if (file !== null && !isIdentity(file))
      throw invalidArgument(
        `file must have the dev and ino of a file, as bigints, or be null, not ${show(file)}`,
      )
    this.path = path
    this.#file = file ?? undefined
  }

  /** Names the file, for another process of the same machine to compare. Undefined if it is unknown. */
  get file(): string | undefined {
    return this.#file && nameOf(this.#file)
  }

  /**
   * Changes who may connect. The owner changes first, so that the former group never has the permissions of the new one.
   *
   * @param access `owner`: an id that is left out stays as it is. `mode`: the permission bits, as `0o660`
   * @throws {FdPassingError} ERR_FORBIDDEN if the path is not ours any more
   * @throws {FdPassingError} ERR_INVALID_ARGUMENT
   * @throws {FdPassingError} ERR_SYSTEM if this user may not change it (EPERM)
   * @throws {FdPassingError} ERR_UNSUPPORTED if the system has neither /proc nor fchmodat2(2) (Linux 6.6)
   */
  setAccess(access: { owner?: FileOwner; mode: number }): void {
    checkOptions('setAccess()', access, { owner: 'any', mode: 'any' })
    const { owner, mode } = access
    checkMode(mode)
    if (owner !== undefined) checkOwner(owner)
    if (this.#file === undefined) throw replaced(this.path)
    using place = new FilePlace(this.path)
    if (owner !== undefined) place.chownSocket(this.#file, owner)
    place.chmodSocket(this.#file, mode)
  }

  /**
   * Unlinks the path, if it is still ours. Call it while the listener is open. Nobody takes over a live path, and the kernel does not
   * give the inode number of a bound socket to another file.
   *
   * @returns false if the system refuses it, mostly because the process gave up a privilege. The next process can take over the file.
   */
  unlink(): boolean {
    if (this.#file === undefined) return true
    try {
      using place = new FilePlace(this.path)
      place.unlink(this.#file)
      return true
    } catch (error) {
      return isMissing(error)
    }
  }
}

/** Names the socket file at a path, as {@link UnixPathClaim.file} does. Undefined if none is there, or none that we may see. */
export function socketFileAt(path: string): string | undefined {
  const found = socketAt(path)
  return found === null ? undefined : nameOf(found)
}

function nameOf({ dev, ino }: FileIdentity): string {
  return `${dev}:${ino}`
}

function socketAt(path: string): FileIdentity | null {
  checkPath(path)
  if (path.startsWith('@')) return null
  try {
    const found = lookAt(path)
    return found?.isSocket() ? found : null
  } catch {
    // The way to it is closed to us.
    return null
  }
}

function isIdentity(file: unknown): file is FileIdentity {
  const { dev, ino } = Object(file) as Partial<FileIdentity>
  return typeof dev === 'bigint' && typeof ino === 'bigint'
}

function isMissing(error: unknown): boolean {
  return error instanceof FdPassingError && (error.errno === 'ENOENT' || error.errno === 'ENOTDIR')
}
