import { CodedError } from '@shellflip/internal'
/**
 * What went wrong, stable across versions:
 *
 * - `ERR_NOT_A_CHANNEL`: the descriptor is not open, or is no UNIX stream socket.
 * - `ERR_CLOSED`: this side has closed the channel.
 * - `ERR_PROTOCOL`: the peer says something that is not this protocol, or speaks another version of it.
 * - `ERR_PREDECESSOR_GONE`: the predecessor ended before everything was handed over.
 * - `ERR_REFUSED`: the predecessor keeps serving; the message has its reason.
 * - `ERR_TIMED_OUT`: the predecessor was silent for too long.
 * - `ERR_FD_LOST`: a descriptor did not arrive, for want of free ones in this process mostly.
 * - `ERR_STATE`: the state cannot be taken over: `cause` is the `StateError`.
 * - `ERR_OUT_OF_TURN`: called when it cannot be: `ready()` before the state was read, anything after `close()`.
 * - `ERR_INVALID_ARGUMENT`: a mistake in an offer; the message names it.
 */
export type HandoverErrorCode =
  | 'ERR_NOT_A_CHANNEL'
  | 'ERR_CLOSED'
  | 'ERR_PROTOCOL'
  | 'ERR_PREDECESSOR_GONE'
  | 'ERR_REFUSED'
  | 'ERR_TIMED_OUT'
  | 'ERR_FD_LOST'
  | 'ERR_STATE'
  | 'ERR_OUT_OF_TURN'
  | 'ERR_INVALID_ARGUMENT'

/** Every failure of this package; `code` is stable, the message says what to do next. */
export class HandoverError extends CodedError<HandoverErrorCode> {
  override readonly name = 'HandoverError'
}

export function protocolError(what: string, cause?: unknown): HandoverError {
  return new HandoverError('ERR_PROTOCOL', `the peer does not follow the handover protocol: ${what}`, {
    cause,
  })
}
