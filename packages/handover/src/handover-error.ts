import { CodedError } from '@shellflip/internal'

/**
 * Names what went wrong. Each code is stable across versions:
 *
 * - `ERR_NOT_A_CHANNEL`: the descriptor is not open, or is not a UNIX stream socket.
 * - `ERR_CLOSED`: this side has closed the channel.
 * - `ERR_PROTOCOL`: the peer sent something that is not this protocol, or speaks another version of it.
 * - `ERR_PREDECESSOR_GONE`: the predecessor exited before everything was handed over.
 * - `ERR_REFUSED`: the predecessor keeps serving. The message has its reason.
 * - `ERR_TIMED_OUT`: the predecessor was silent for too long.
 * - `ERR_FD_LOST`: a descriptor did not arrive, usually because this process has none free.
 * - `ERR_STATE`: the state cannot be taken over. `cause` is the `StateError`.
 * - `ERR_OUT_OF_TURN`: called at the wrong moment: `ready()` before the state was read, or anything after `close()`.
 * - `ERR_INVALID_ARGUMENT`: an offer has a mistake. The message names it.
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

/** Represents every failure of this package. `code` is stable, and the message says what to do next. */
export class HandoverError extends CodedError<HandoverErrorCode> {
  override readonly name = 'HandoverError'
}

export function protocolError(what: string, cause?: unknown): HandoverError {
  return new HandoverError('ERR_PROTOCOL', `the peer does not follow the handover protocol: ${what}`, {
    cause,
  })
}
