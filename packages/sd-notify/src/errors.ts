import { CodedError } from '@shellflip/internal'
/**
 * - `ERR_INVALID_ARGUMENT`: a value that the protocol cannot carry; the caller's mistake.
 * - `ERR_INVALID_ENVIRONMENT`: `LISTEN_FDS`, `LISTEN_FDNAMES` or `WATCHDOG_USEC` say something impossible.
 * - `ERR_FD_NOT_OPEN`: `LISTEN_FDS` promises an fd that is not there.
 * - `ERR_UNSUPPORTED_ADDRESS`: `NOTIFY_SOCKET` is neither a path nor an abstract name (`vsock:` is a virtual machine's).
 * - `ERR_SEND_FAILED`: the kernel did not take the message; `cause` has its reason.
 * - `ERR_SEND_TIMEOUT`: the manager's queue stayed full.
 * - `ERR_BARRIER_TIMEOUT`: the manager did not say that it had processed everything.
 * - `ERR_CLOSED`: the notifier was closed.
 * - `ERR_PATH_IN_USE`: another process receives on the path, or something that is no socket stands there.
 * - `ERR_PATH_TOO_LONG`: longer than the kernel's socket addresses.
 * - `ERR_CANNOT_OPEN`: the notify socket could not be made; `cause` has the system's reason.
 * - `ERR_MESSAGE_SKIPPED`: a datagram could not be received whole and was dropped.
 * - `ERR_RECEIVE_FAILED`: the system refuses to receive; `cause` has its reason. The socket tries again.
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
