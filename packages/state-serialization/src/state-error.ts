import { CodedError, show } from '@shellflip/internal'

/**
 * The reason of a failure, stable across versions:
 *
 * - `ERR_INVALID_ARGUMENT`: a definition or a call is wrong. Correct what the message names.
 * - `ERR_STATE_FOREIGN`: the bytes are not a state, or they are another state (another name, or items instead of one value). Check the
 *   source.
 * - `ERR_STATE_UNKNOWN_FORMAT`: a later release of this package wrote the envelope. Use compatible releases on both sides.
 * - `ERR_STATE_TOO_NEW`: the version is later than the definition knows. Add a down migration, or start a newer program.
 * - `ERR_STATE_TOO_OLD`: the version is earlier. Add a migration from it to the definition.
 * - `ERR_STATE_TRUNCATED`: the source ended before the state did. Save the state again.
 * - `ERR_STATE_CORRUPT`: the bytes differ from those that were written: a checksum, a length or their order is wrong, or more bytes
 *   follow. Discard the state.
 * - `ERR_STATE_TOO_LARGE`: the state exceeds the limits of the definition. Raise them, or save less.
 * - `ERR_STATE_INVALID`: the schema rejects the state, when encoding or when decoding. Correct the fields that the message names.
 * - `ERR_STATE_NOT_ENCODABLE`: the state holds a value that cannot be encoded. Leave out the field that the message names.
 * - `ERR_STATE_MIGRATION_FAILED`: a migration threw. Correct it. `cause` is the value it threw.
 * - `ERR_STATE_EXTERNALS`: an external that the state names was not given back, or one too many was. Pass those that came with the state.
 * - `ERR_STATE_UNREADABLE`: the source or the file cannot be read. See `cause`.
 * - `ERR_STATE_UNWRITABLE`: the file cannot be written. See `cause`.
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
