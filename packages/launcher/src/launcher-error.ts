import { CodedError } from '@shellflip/internal'

/**
 * Tells what went wrong. Each code is stable across versions:
 *
 * - `ERR_INVALID_ARGUMENT`: an option of the successor has a mistake. The message names it.
 * - `ERR_NOT_REPEATABLE`: no command starts this program again. It came from standard input, or its folder is gone.
 * - `ERR_LAUNCHER_ENVIRONMENT`: SHELLFLIP_LAUNCHER does not name the socket of a launcher.
 */
export type LauncherErrorCode = 'ERR_INVALID_ARGUMENT' | 'ERR_NOT_REPEATABLE' | 'ERR_LAUNCHER_ENVIRONMENT'

/** Represents every failure of this package. The message says what to do next. */
export class LauncherError extends CodedError<LauncherErrorCode> {
  override readonly name = 'LauncherError'
}

export function invalidArgument(message: string): LauncherError {
  return new LauncherError('ERR_INVALID_ARGUMENT', message)
}
