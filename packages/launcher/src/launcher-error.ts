import { CodedError } from '@shellflip/internal'

/**
 * Tells what went wrong. Each code is stable across versions:
 *
 * - `ERR_INVALID_ARGUMENT`: the caller passed a wrong value. Correct the one that the message names.
 * - `ERR_NOT_REPEATABLE`: this program cannot be started again, because it came from standard input or its folder is gone. Start it from a
 *   file.
 * - `ERR_LAUNCHER_ENVIRONMENT`: `SHELLFLIP_LAUNCHER` does not name the socket of a launcher. Do not set it by hand.
 */
export type LauncherErrorCode = 'ERR_INVALID_ARGUMENT' | 'ERR_NOT_REPEATABLE' | 'ERR_LAUNCHER_ENVIRONMENT'

/** Represents every failure of this package. The message says what to do next. */
export class LauncherError extends CodedError<LauncherErrorCode> {
  override readonly name = 'LauncherError'
}

export function invalidArgument(message: string): LauncherError {
  return new LauncherError('ERR_INVALID_ARGUMENT', message)
}
