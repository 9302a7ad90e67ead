import { CodedError } from '@shellflip/internal'
import type { ParsedAddress } from './addresses/parse-address.ts'

/**
 * Tells what went wrong. Each code is stable across versions:
 *
 * - `ERR_INVALID_ARGUMENT`: the caller passed a wrong value. Correct the one that the message names.
 * - `ERR_CANNOT_LISTEN`: the system does not bind the address. `cause` has its error.
 * - `ERR_NO_SUCH_SOCKET`: the service manager or the predecessor has not passed a socket of this name. Check `FileDescriptorName=`, or
 *   give an address as well.
 * - `ERR_NO_LONGER_SERVING`: the program requests a socket after this process was stopped or replaced. Request it before `ready()`.
 */
export type ListenersErrorCode =
  | 'ERR_INVALID_ARGUMENT'
  | 'ERR_CANNOT_LISTEN'
  | 'ERR_NO_SUCH_SOCKET'
  | 'ERR_NO_LONGER_SERVING'

/** Represents every failure of this package. The message says what to do next. */
export class ListenersError extends CodedError<ListenersErrorCode> {
  override readonly name = 'ListenersError'
  /** The address of `openListeners()` that could not be opened. */
  readonly address?: ParsedAddress

  constructor(
    code: ListenersErrorCode,
    message: string,
    options: ErrorOptions & { address?: ParsedAddress } = {},
  ) {
    super(code, message, options)
    if (options.address !== undefined) this.address = options.address
  }
}

export function invalidArgument(message: string): ListenersError {
  return new ListenersError('ERR_INVALID_ARGUMENT', message)
}
