import { resolve } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { isLockFileAt, OwnedFd, setCloexec, tryLock, unlock } from '@shellflip/fd-passing'
import { type OptionTypes, optionFault, show } from '@shellflip/internal'
import { type Holder, readNote, writeNote } from './holder-note.ts'
import {
  checkIsLockFile,
  openLockFileOfOurs,
  removeLockFileOfOurs,
  tryLockFileOfOurs,
  whatIsAt,
} from './lock-file.ts'
import { LockWatch, type UpgradeLockEvent } from './lock-watch.ts'
import { invalidArgument, UpgradeLockError, withSystemErrors } from './upgrade-lock-error.ts'

export type LockPath = {
  /**
   * The lock file, in a folder that only we, or root, can write. It is there as long as the lock is held. This is never the file that
   * the lock protects: a file with content is refused.
   */
  readonly path: string
}

export type AcquireOptions = LockPath & {
  /** Ends the wait with its reason. */
  readonly signal?: AbortSignal
}

export type AcquireOutcome =
  | { type: 'acquired'; lock: UpgradeLock }
  /** `holder` is read from the lock file. It is undefined if the note cannot be read. */
  | { type: 'held'; holder: Holder | undefined }

const firstDelayMs = 1
const longestDelayMs = 50

/**
 * A lock that one process at a time holds: flock(2) on an open file description. The kernel releases it when its last descriptor is
 * closed, by a crash too. A process that gets the descriptor holds the same lock.
 */
export class UpgradeLock implements Disposable {
  /** The absolute path of the lock file. */
  readonly path: string
  readonly #fd: OwnedFd
  readonly #watch: LockWatch

  private constructor(path: string, fd: OwnedFd) {
    this.path = path
    this.#fd = fd
    this.#watch = new LockWatch(path, () => whatIsAt(path, fd.fd))
  }

  /**
   * Takes the lock if nobody holds it.
   *
   * @throws {UpgradeLockError} ERR_INVALID_ARGUMENT
   * @throws {UpgradeLockError} ERR_LOCK_FORBIDDEN
   * @throws {UpgradeLockError} ERR_SYSTEM
   */
  static tryAcquire(options: LockPath): AcquireOutcome {
    const path = pathIn('tryAcquire()', options, { path: 'string' })
    return withSystemErrors(path, () => {
      const { type, fd } = tryLockFileOfOurs(path)
      if (type === 'locked') return { type: 'acquired', lock: UpgradeLock.#hold(path, fd) }
      using held = fd
      return { type: 'held', holder: readNote(held.fd) }
    })
  }

  /**
   * Takes the lock, and waits until nobody else holds it. The order of the waiting processes is not kept.
   *
   * @throws {UpgradeLockError} ERR_INVALID_ARGUMENT
   * @throws {UpgradeLockError} ERR_LOCK_FORBIDDEN
   * @throws {UpgradeLockError} ERR_SYSTEM
   * @throws {unknown} if the signal is aborted. The value is its reason
   */
  static async acquire(options: AcquireOptions): Promise<UpgradeLock> {
    // Resolved once: the working directory may change while it waits.
    const path = pathIn('acquire()', options, { path: 'string', signal: 'AbortSignal' })
    const { signal } = options
    // Each try opens the path anew, since the file of a released lock is gone.
    for (let delayMs = firstDelayMs; ; delayMs = Math.min(delayMs * 2, longestDelayMs)) {
      signal?.throwIfAborted()
      const outcome = UpgradeLock.tryAcquire({ path })
      if (outcome.type === 'acquired') return outcome.lock
      await delay(delayMs, undefined, signal === undefined ? {} : { signal }).catch((error: unknown) => {
        throw signal?.reason ?? error
      })
    }
  }

  /**
   * Makes a lock from a descriptor that another process has passed on, or that was inherited. The lock was held all the time. After this
   * call the file names this process.
   *
   * @param fd the lock owns it. If this throws, the caller keeps it.
   * @throws {UpgradeLockError} ERR_INVALID_ARGUMENT
   * @throws {UpgradeLockError} ERR_NOT_THE_LOCK
   * @throws {UpgradeLockError} ERR_NOT_HELD
   * @throws {UpgradeLockError} ERR_LOCK_FORBIDDEN
   * @throws {UpgradeLockError} ERR_SYSTEM
   */
  static adopt(fd: OwnedFd, options: LockPath): UpgradeLock {
    const path = pathIn('adopt()', options, { path: 'string' })
    if (!(fd instanceof OwnedFd)) throw invalidArgument(`adopt() takes an OwnedFd, not ${show(fd)}`)
    return withSystemErrors(path, () => {
      checkIsLock(path, fd.fd)
      checkIsLockFile(path, fd.fd)
      checkIsHeld(path, fd.fd)
      setCloexec(fd.fd, true)
      return UpgradeLock.#hold(path, fd)
    })
  }

  static #hold(path: string, fd: OwnedFd): UpgradeLock {
    writeNote(fd.fd, { pid: process.pid, since: new Date() })
    return new UpgradeLock(path, fd)
  }

  /**
   * The descriptor, borrowed, to pass to a successor: its copy holds the same lock. Not inherited (CLOEXEC).
   *
   * @throws {UpgradeLockError} ERR_RELEASED
   */
  get fd(): OwnedFd {
    if (!this.#fd.closed) return this.#fd
    throw new UpgradeLockError(
      'ERR_RELEASED',
      `this process no longer holds the lock of ${this.path}. Acquire it again`,
    )
  }

  /**
   * Whether this process has lost or given up the lock of the path. Either it called {@link release} or {@link leave}, or another process
   * removed or replaced the file. In the latter case, call {@link release} all the same.
   */
  get released(): boolean {
    return this.#fd.closed || whatIsAt(this.path, this.#fd.fd) !== 'ours'
  }

  /**
   * Calls the listener once if another process removes or replaces the lock file while the lock is held, until the result is disposed of.
   * A listener that is added after the loss is called too. If it throws, the process emits a warning. The file is watched from the first
   * listener on, and the watch does not keep the process alive.
   */
  onEvent(listener: (event: UpgradeLockEvent) => void): Disposable {
    if (typeof listener !== 'function')
      throw invalidArgument(`onEvent() takes a function, not ${show(listener)}`)
    return this.#watch.listen(listener)
  }

  /**
   * Leaves the lock to the other holders of its descriptor: closes only ours. If nobody else holds one, the lock is free. A second call
   * does nothing.
   */
  leave(): void {
    this.#watch[Symbol.dispose]()
    this.#fd.close()
  }

  /**
   * Frees the lock and removes its file, even if other processes have the descriptor. After you passed it on, call {@link leave} instead.
   * The file stays, empty, if another program made it or waits for its lock. A second call does nothing.
   *
   * @throws {UpgradeLockError} ERR_SYSTEM if the file cannot be removed. The lock is free all the same
   */
  release(): void {
    if (this.#fd.closed) return
    this.#watch[Symbol.dispose]()
    try {
      if (whatIsAt(this.path, this.#fd.fd) === 'ours')
        withSystemErrors(this.path, () => removeLockFileOfOurs(this.path, this.#fd.fd))
    } finally {
      unlock(this.#fd.fd)
      this.#fd.close()
    }
  }

  [Symbol.dispose](): void {
    this.release()
  }
}

function pathIn(what: string, options: LockPath, types: OptionTypes): string {
  const fault = optionFault(what, options, types)
  if (fault !== undefined) throw invalidArgument(fault)
  const { path } = options
  if (path === undefined || path === '')
    throw invalidArgument(`${what}: path must be the path of the lock file, not ${show(path)}.`)
  return resolve(path)
}

function checkIsLock(path: string, fd: number): void {
  if (isLockFileAt(path, fd)) return
  throw new UpgradeLockError(
    'ERR_NOT_THE_LOCK',
    `fd ${fd} is another file than ${path}. Pass the descriptor of the lock that is held there`,
  )
}

/** Checks that this descriptor holds the lock: others must find it locked, and we must be able to lock it. */
function checkIsHeld(path: string, fd: number): void {
  using other = openLockFileOfOurs(path)
  if (!tryLock(other.fd) && tryLock(fd)) return
  throw new UpgradeLockError('ERR_NOT_HELD', `fd ${fd} does not hold the lock of ${path}. Acquire it instead`)
}
