import { CodedError, show } from '@shellflip/internal'

/**
 * The reason of a failure, stable across versions:
 *
 * - `ERR_INVALID_ARGUMENT`: a definition or a call is wrong. The message names the mistake.
 * - `ERR_STATE_FOREIGN`: the bytes are not a state, or they are another state: another name, or items where one value is expected.
 * - `ERR_STATE_UNKNOWN_FORMAT`: a later release of this package wrote the envelope.
 * - `ERR_STATE_TOO_NEW`: the version is later than the definition knows, and lacks a migration down to it.
 * - `ERR_STATE_TOO_OLD`: the version is earlier, and the definition lacks a migration up from it.
 * - `ERR_STATE_TRUNCATED`: the source ended before the state did.
 * - `ERR_STATE_CORRUPT`: the bytes differ from those that were written: a checksum, a length or their order is wrong, or more bytes
 * follow.
 * - `ERR_STATE_TOO_LARGE`: the state exceeds the limits of the definition.
 * - `ERR_STATE_INVALID`: the schema rejects the state, when encoding or when decoding. The message names the fields.
 * - `ERR_STATE_NOT_ENCODABLE`: the state holds a value that cannot be encoded. The message names the field.
 * - `ERR_STATE_MIGRATION_FAILED`: a migration threw. `cause` is the value it threw.
 * - `ERR_STATE_EXTERNALS`: an external that the state names was not given back, or one too many was.
 * - `ERR_STATE_UNREADABLE`, `ERR_STATE_UNWRITABLE`: the source or the file failed. See `cause`.
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

/** Reports every failure of this package. `code` is stable, and the message says what to do next. */
export class StateError extends CodedError<StateErrorCode> {
  override readonly name = 'StateError'
}

export function corrupt(what: string): StateError {
  return new StateError('ERR_STATE_CORRUPT', `the state is damaged: ${what}`)
}

export function tooLarge(what: string, maxBytes: number): StateError {
  return new StateError(
    'ERR_STATE_TOO_LARGE',
    `${what} has more than ${maxBytes} bytes. Raise the definition's limit, or save less`,
  )
}

export function invalidArgument(message: string): StateError {
  return new StateError('ERR_INVALID_ARGUMENT', message)
}

/** Describes a thrown value as text. Some values cannot be converted to text. */
export function describeCause(cause: unknown): string {
  return cause instanceof Error ? `${cause.name}: ${cause.message}` : show(cause)
}
