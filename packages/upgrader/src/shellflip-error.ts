import { CodedError } from '@shellflip/internal'

/**
 * What went wrong, stable across versions:
 *
 * - `ERR_INVALID_ARGUMENT`: a mistake in an option or an address; the message names it.
 * - `ERR_CLUSTER_WORKER`, `ERR_WORKER_THREAD`: called where the process is not ours to replace.
 * - `ERR_CALLED_TWICE`: `shellflip()` or `ready()` a second time.
 * - `ERR_HANDOVER_ENVIRONMENT`: SHELLFLIP_HANDOVER or an OXY_ variable does not name what it must.
 * - `ERR_PID_FILE`: the pid file cannot be written. `cause` has the system's word.
 * - `ERR_UNMANAGED_SERVER`: a successor's program binds an address itself; the message names it.
 * - `ERR_STATE_NOT_READ`: `ready()` was called before a state that is a stream was read to its end.
 * - `ERR_STOPPED`: stopped before it was ready, or a socket is asked for when this process serves no more.
 */
export type ShellflipErrorCode =
  | 'ERR_INVALID_ARGUMENT'
  | 'ERR_CLUSTER_WORKER'
  | 'ERR_WORKER_THREAD'
  | 'ERR_CALLED_TWICE'
  | 'ERR_HANDOVER_ENVIRONMENT'
  | 'ERR_PID_FILE'
  | 'ERR_UNMANAGED_SERVER'
  | 'ERR_STATE_NOT_READ'
  | 'ERR_STOPPED'

/** Every failure of this package. The message says what to do next. */
export class ShellflipError extends CodedError<ShellflipErrorCode> {
  override readonly name = 'ShellflipError'
}

export function invalidArgument(message: string): ShellflipError {
  return new ShellflipError('ERR_INVALID_ARGUMENT', message)
}
