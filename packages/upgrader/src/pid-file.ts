import { closeSync, constants, fstatSync, lstatSync, openSync, readSync, renameSync, rmSync } from 'node:fs'
import { removeLeftDrafts, writeDraft } from './pid-file-draft.ts'
import { invalidArgument, ShellflipError } from './shellflip-error.ts'

/** Holds the pid of the process that serves. Readers find the old file or the new one, and never half of it. */
export class PidFile {
  readonly #path: string
  #draft: string | undefined

  constructor(path: string) {
    this.#path = path
  }

  /**
   * Does everything that can fail: writes the new file beside the old one. It also removes what killed processes left.
   *
   * @throws {ShellflipError} ERR_INVALID_ARGUMENT
   * @throws {ShellflipError} ERR_PID_FILE
   */
  prepare(): void {
    try {
      if (lstatSync(this.#path, { throwIfNoEntry: false })?.isDirectory()) {
        throw invalidArgument(`pidFile ${this.#path} is a folder. Give the path of a file in it.`)
      }
      this.abandon()
      removeLeftDrafts(this.#path)
      this.#draft = writeDraft(this.#path)
    } catch (cause) {
      if (cause instanceof ShellflipError) throw cause
      throw this.#notWritten(cause)
    }
  }

  /**
   * Puts the new file in place, because this process serves. A symbolic link at the path is replaced, and not followed.
   *
   * @throws {ShellflipError} ERR_PID_FILE
   */
  commit(): void {
    if (this.#draft === undefined) return
    try {
      renameSync(this.#draft, this.#path)
    } catch (cause) {
      throw this.#notWritten(cause)
    }
    this.#draft = undefined
  }

  /**
   * Puts this process's pid back where a failed successor has put its own. Also removes what that successor left.
   *
   * @throws {ShellflipError} ERR_PID_FILE
   */
  restore(): void {
    if (this.#holdsOurs()) removeLeftDrafts(this.#path)
    else {
      this.prepare()
      this.commit()
    }
  }

  /** Removes the new file, because this process does not serve. */
  abandon(): void {
    try {
      if (this.#draft !== undefined) rmSync(this.#draft, { force: true })
    } catch {
      // We gave up the privilege to write its folder. The next process of our user that may write there removes it.
    }
    this.#draft = undefined
  }

  /** Removes the pid file if it still holds our pid. Also removes what killed processes left. */
  remove(): void {
    this.abandon()
    if (!this.#holdsOurs()) return
    try {
      rmSync(this.#path)
      removeLeftDrafts(this.#path)
    } catch {
      // We may not write the folder, as above. The pid file then holds the pid of a process that has exited, as after a crash.
    }
  }

  #holdsOurs(): boolean {
    try {
      return pidIn(this.#path) === process.pid
    } catch {
      return false
    }
  }

  #notWritten(cause: unknown): ShellflipError {
    return new ShellflipError(
      'ERR_PID_FILE',
      `cannot write pidFile ${this.#path}: ${(cause as Error).message}. ` +
        `Choose a path in a folder that uid ${process.geteuid?.()} can write.`,
      { cause },
    )
  }
}

/** Reads the pid in a regular file. It does not follow a symbolic link, and does not wait for a pipe. */
function pidIn(path: string): number | undefined {
  const fd = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
  try {
    if (!fstatSync(fd).isFile()) return undefined
    const bytes = Buffer.alloc(32)
    const [, pid] = /^(\d+)\n?$/.exec(bytes.toString('latin1', 0, readSync(fd, bytes))) ?? []
    return pid === undefined ? undefined : Number(pid)
  } finally {
    closeSync(fd)
  }
}
