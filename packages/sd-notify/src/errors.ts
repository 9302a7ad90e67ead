import { CodedError } from '@shellflip/internal'

/**
 * The reason of a failure, stable across versions:
 *
 * - `ERR_INVALID_ARGUMENT`: the caller passed a wrong value. Correct the one that the message names.
 * - `ERR_INVALID_ENVIRONMENT`: `LISTEN_FDS`, `LISTEN_FDNAMES` or `WATCHDOG_USEC` has an impossible value. Correct the process that sets
 *   it.
 * - `ERR_FD_NOT_OPEN`: `LISTEN_FDS` promises a descriptor that is not open. Correct the process that starts this one.
 * - `ERR_UNSUPPORTED_ADDRESS`: `NOTIFY_SOCKET` is neither a path nor an abstract name. Start the service under a manager of this system
 *   (`vsock:` is a virtual machine's).
 * - `ERR_SEND_FAILED`: the kernel did not accept the message. `cause` holds its reason.
 * - `ERR_SEND_TIMEOUT`: the manager's queue stayed full. Send the message again later.
 * - `ERR_BARRIER_TIMEOUT`: the manager did not confirm in time that it has processed everything. Wait longer, or continue without the
 *   confirmation.
 * - `ERR_NOTIFIER_CLOSED`: the notifier was closed. Create another one.
 * - `ERR_NOTIFY_PATH_IN_USE`: another process receives on the path, or the file there is not a socket. Stop that process, or choose
 *   another path.
 * - `ERR_NOTIFY_PATH_TOO_LONG`: the path exceeds the kernel's limit for socket addresses. Choose a shorter folder.
 * - `ERR_CANNOT_OPEN`: the system could not open the notify socket. `cause` holds its reason.
 * - `ERR_MESSAGE_SKIPPED`: a datagram could not be received whole and was dropped. The sender must send it again.
 * - `ERR_RECEIVE_FAILED`: the system does not let the socket receive. `cause` holds its reason. The socket tries again.
 */
export type SdNotifyErrorCode =
  | 'ERR_INVALID_ARGUMENT'
  | 'ERR_INVALID_ENVIRONMENT'
  | 'ERR_FD_NOT_OPEN'
  | 'ERR_UNSUPPORTED_ADDRESS'
  | 'ERR_SEND_FAILED'
  | 'ERR_SEND_TIMEOUT'
  | 'ERR_BARRIER_TIMEOUT'
  | 'ERR_NOTIFIER_CLOSED'
  | 'ERR_NOTIFY_PATH_IN_USE'
  | 'ERR_NOTIFY_PATH_TOO_LONG'
  | 'ERR_CANNOT_OPEN'
  | 'ERR_MESSAGE_SKIPPED'
  | 'ERR_RECEIVE_FAILED'

/** Everything this package throws, and the reason in a `failed` outcome. */
export class SdNotifyError extends CodedError<SdNotifyErrorCode> {
  override readonly name = 'SdNotifyError'
}
