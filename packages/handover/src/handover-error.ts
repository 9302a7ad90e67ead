import { CodedError } from '@shellflip/internal'

/**
 * Names what went wrong. Each code is stable across versions:
 *
 * - `ERR_NOT_A_CHANNEL`: the descriptor is not open, or is not a UNIX stream socket. Pass the one that the predecessor gave.
 * - `ERR_CHANNEL_CLOSED`: this side has closed the channel.
 * - `ERR_PROTOCOL`: the peer sent something that is not this protocol, or speaks another version of it. Use compatible releases on both
 *   sides.
 * - `ERR_PREDECESSOR_GONE`: the predecessor exited before it handed everything over. Exit, or start without its state.
 * - `ERR_REFUSED`: the predecessor keeps serving. Exit this process. The message has the reason.
 * - `ERR_PREDECESSOR_SILENT`: the predecessor was silent for too long. Exit this process, and look for what blocks the predecessor.
 * - `ERR_HANDOVER_FD_LOST`: a descriptor did not arrive, usually because this process has none free. Raise its limit (`ulimit -n`,
 *   `LimitNOFILE=`).
 * - `ERR_STATE`: the state cannot be taken over. `cause` is the `StateError`.
 * - `ERR_OUT_OF_TURN`: called at the wrong moment: `ready()` before the state was read, or anything after `close()`. Correct the order of
 *   the calls.
 * - `ERR_INVALID_ARGUMENT`: the caller passed a wrong value. Correct the one that the message names.
 */
export type HandoverErrorCode =
  | 'ERR_NOT_A_CHANNEL'
  | 'ERR_CHANNEL_CLOSED'
  | 'ERR_PROTOCOL'
  | 'ERR_PREDECESSOR_GONE'
  | 'ERR_REFUSED'
  | 'ERR_PREDECESSOR_SILENT'
  | 'ERR_HANDOVER_FD_LOST'
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
