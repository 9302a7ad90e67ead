import { existsSync } from 'node:fs'
import { dirname } from 'node:path'
import { FdPassingError } from '@shellflip/fd-passing'
import { CodedError } from '@shellflip/internal'

/**
 * The reason of a failure, stable across versions:
 *
 * - `ERR_INVALID_ARGUMENT`: the caller passed a wrong value. Correct the one that the message names.
 * - `ERR_LOCK_FORBIDDEN`: another user could replace or lock the file, this user may not use it, or it is not a lock file. The message
 *   says what to change.
 * - `ERR_NOT_THE_LOCK`: the descriptor to adopt belongs to another file than the one at the path. Pass the descriptor of that lock.
 * - `ERR_NOT_HELD`: the descriptor to adopt does not hold the lock. Acquire the lock instead.
 * - `ERR_RELEASED`: the lock was used after `release()` or `leave()`. Acquire it again.
 * - `ERR_SYSTEM`: a system call failed. `cause` holds the system's error.
 */
export type UpgradeLockErrorCode =
  | 'ERR_INVALID_ARGUMENT'
  | 'ERR_LOCK_FORBIDDEN'
  | 'ERR_NOT_THE_LOCK'
  | 'ERR_NOT_HELD'
  | 'ERR_RELEASED'
  | 'ERR_SYSTEM'

/** Reports every failure of this package. `code` is stable, and the message says what to do next. */
export class UpgradeLockError extends CodedError<UpgradeLockErrorCode> {
  override readonly name = 'UpgradeLockError'
}

/** Does something with the lock file, and throws what the system says against it as an error of this package. */
export function withSystemErrors<R>(path: string, act: () => R): R {
  try {
    return act()
  } catch (cause) {
    if (cause instanceof UpgradeLockError) throw cause
    const { message } = cause as Error
    const code =
      (cause instanceof FdPassingError ? cause.errno : undefined) ?? (cause as NodeJS.ErrnoException).code
    if (code === 'ERR_INVALID_ARGUMENT') throw invalidArgument(message, cause)
    if (code === 'ERR_FORBIDDEN') throw forbidden(message, cause)
    if (code === 'EACCES' || code === 'EPERM') throw notPermitted(path, cause)
    const folder = dirname(path)
    const hint = existsSync(folder) ? '' : `. Create the folder ${folder} first`
    throw new UpgradeLockError('ERR_SYSTEM', `cannot lock ${path}: ${message}${hint}`, { cause })
  }
}

export function invalidArgument(message: string, cause?: unknown): UpgradeLockError {
  return new UpgradeLockError('ERR_INVALID_ARGUMENT', message, { cause })
}

export function forbidden(message: string, cause?: unknown): UpgradeLockError {
  return new UpgradeLockError('ERR_LOCK_FORBIDDEN', message, { cause })
}

/** Explains EPERM. Mostly the process began as root and has changed its uid since, so it does not own its old folder any more. */
function notPermitted(path: string, cause: unknown): UpgradeLockError {
  const uid = process.geteuid?.()
  return forbidden(
    `uid ${uid} may not use ${path}: ${(cause as Error).message}. ` +
      `Choose a lock file (shellflip: lockFile) in a folder that uid ${uid} can write. ` +
      'A process that gives up root (setuid) needs a folder of its new user.',
    cause,
  )
}
