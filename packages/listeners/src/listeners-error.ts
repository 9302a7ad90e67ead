import { CodedError } from '@shellflip/internal'
import type { ParsedAddress } from './addresses/parse-address.ts'

/**
 * Tells what went wrong. Each code is stable across versions:
 *
 * - `ERR_INVALID_ARGUMENT`: a server, a socket, an address or an option has a mistake. The message names it.
 * - `ERR_CANNOT_LISTEN`: the system does not bind the address. `cause` has its error.
 * - `ERR_NO_SUCH_SOCKET`: no process has passed a socket of the requested name.
 * - `ERR_STOPPED`: a socket is requested when this process no longer serves.
 */
export type ListenersErrorCode =
  | 'ERR_INVALID_ARGUMENT'
  | 'ERR_CANNOT_LISTEN'
  | 'ERR_NO_SUCH_SOCKET'
  | 'ERR_STOPPED'

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
