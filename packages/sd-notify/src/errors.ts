import { CodedError } from '@shellflip/internal'

/**
 * The reason of a failure, stable across versions:
 *
 * - `ERR_INVALID_ARGUMENT`: the caller passed a value that the protocol cannot carry.
 * - `ERR_INVALID_ENVIRONMENT`: `LISTEN_FDS`, `LISTEN_FDNAMES` or `WATCHDOG_USEC` has an impossible value.
 * - `ERR_FD_NOT_OPEN`: `LISTEN_FDS` promises an fd that is not open.
 * - `ERR_UNSUPPORTED_ADDRESS`: `NOTIFY_SOCKET` is neither a path nor an abstract name (`vsock:` is a virtual machine's).
 * - `ERR_SEND_FAILED`: the kernel did not accept the message. `cause` holds its reason.
 * - `ERR_SEND_TIMEOUT`: the manager's queue stayed full.
 * - `ERR_BARRIER_TIMEOUT`: the manager did not confirm in time that it had processed everything.
 * - `ERR_CLOSED`: the notifier was closed.
 * - `ERR_PATH_IN_USE`: another process receives on the path, or the file there is not a socket.
 * - `ERR_PATH_TOO_LONG`: the path is longer than the kernel's socket addresses.
 * - `ERR_CANNOT_OPEN`: the system could not open the notify socket. `cause` holds its reason.
 * - `ERR_MESSAGE_SKIPPED`: a datagram could not be received whole and was dropped.
 * - `ERR_RECEIVE_FAILED`: the system refuses to receive. `cause` holds its reason. The socket tries again.
 */
export type SdNotifyErrorCode =
  | 'ERR_INVALID_ARGUMENT'
  | 'ERR_INVALID_ENVIRONMENT'
  | 'ERR_FD_NOT_OPEN'
  | 'ERR_UNSUPPORTED_ADDRESS'
  | 'ERR_SEND_FAILED'
  | 'ERR_SEND_TIMEOUT'
  | 'ERR_BARRIER_TIMEOUT'
  | 'ERR_CLOSED'
  | 'ERR_PATH_IN_USE'
  | 'ERR_PATH_TOO_LONG'
  | 'ERR_CANNOT_OPEN'
  | 'ERR_MESSAGE_SKIPPED'
  | 'ERR_RECEIVE_FAILED'

/** Everything this package throws, and the reason in a `failed` outcome. */
export class SdNotifyError extends CodedError<SdNotifyErrorCode> {
  override readonly name = 'SdNotifyError'
}
