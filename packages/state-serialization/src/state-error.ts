import { CodedError, show } from '@shellflip/internal'

/**
 * What went wrong, stable across versions:
 *
 * - `ERR_INVALID_ARGUMENT`: a mistake in a definition or a call; the message names it.
 * - `ERR_STATE_FOREIGN`: no state, or the state of something else: another name, or items where one value is expected.
 * - `ERR_STATE_UNKNOWN_FORMAT`: an envelope of a later release of this package.
 * - `ERR_STATE_TOO_NEW`: a later version than the definition knows, and no migration down to it.
 * - `ERR_STATE_TOO_OLD`: an earlier version, and no migration up from it.
 * - `ERR_STATE_TRUNCATED`: the source ended before the state did.
 * - `ERR_STATE_CORRUPT`: the bytes are not those that were written: a checksum, a length or their order is wrong, or
 *   more bytes follow.
 * - `ERR_STATE_TOO_LARGE`: beyond the limits of the definition.
 * - `ERR_STATE_INVALID`: the schema rejects it, when encoding or when decoding; the message names the fields.
 * - `ERR_STATE_NOT_ENCODABLE`: holds something that cannot travel; the message names the field.
 * - `ERR_STATE_MIGRATION_FAILED`: a migration threw; `cause` is what it threw.
 * - `ERR_STATE_EXTERNALS`: an external that the state names was not given back, or one too many was.
 * - `ERR_STATE_UNREADABLE`, `ERR_STATE_UNWRITABLE`: the source or the file failed; see `cause`.
 */
export type StateErrorCode =
  | 'ERR_INVALID_ARGUMENT'
  | 'ERR_STATE_FOREIGN'
  | 'ERR_STATE_UNKNOWN_FORMAT'
  | 'ERR_STATE_TOO_NEW'
  | 'ERR_STATE_TOO_OLD'
  | 'ERR_STATE_TRUNCATED'
  | 'ERR_STATE_CORRUPT'
  | 'ERR_STATE_TOO_LARGE'
  | 'ERR_STATE_INVALID'
  | 'ERR_STATE_NOT_ENCODABLE'
  | 'ERR_STATE_MIGRATION_FAILED'
  | 'ERR_STATE_EXTERNALS'
  | 'ERR_STATE_UNREADABLE'
  | 'ERR_STATE_UNWRITABLE'

/** Every failure of this package; `code` is stable, the message says what to do next. */
export class StateError extends CodedError<StateErrorCode> {
  override readonly name = 'StateError'
}

export function corrupt(what: string): StateError {
  return new StateError('ERR_STATE_CORRUPT', `the state is damaged: ${what}`)
}

export function tooLarge(what: string, maxBytes: number): StateError {
  return new StateError(
    'ERR_STATE_TOO_LARGE',
    `${what} has more than ${maxBytes} bytes: raise the definition's limit, or save less`,
  )
}

export function invalidArgument(message: string): StateError {
  return new StateError('ERR_INVALID_ARGUMENT', message)
}

/** Puts what was thrown in words. Not everything can be converted to text. */
export function describeCause(cause: unknown): string {
  return cause instanceof Error ? `${cause.name}: ${cause.message}` : show(cause)
}
