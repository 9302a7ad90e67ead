import { CodedError } from '@shellflip/internal'

/**
 * Names what went wrong. Each code is stable across versions:
 *
 * - `ERR_INVALID_ARGUMENT`: an option or an address has a mistake. The message names it.
 * - `ERR_CLUSTER_WORKER`, `ERR_WORKER_THREAD`: called where the process is not ours to replace.
 * - `ERR_CALLED_TWICE`: `shellflip()` or `ready()` was called a second time.
 * - `ERR_HANDOVER_ENVIRONMENT`: SHELLFLIP_HANDOVER or an OXY_ variable does not name what it must.
 * - `ERR_PID_FILE`: the pid file cannot be written. `cause` has the system's error.
 * - `ERR_UNMANAGED_SERVER`: a successor's program binds an address itself. The message names it.
 * - `ERR_STATE_NOT_READ`: `ready()` was called before a state that is a stream was read to its end.
 * - `ERR_STOPPED`: the process was stopped before it was ready, or a socket is requested when this process no longer serves.
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

/** Represents every failure of this package. `code` is stable, and the message says what to do next. */
export class ShellflipError extends CodedError<ShellflipErrorCode> {
  override readonly name = 'ShellflipError'
}

export function invalidArgument(message: string): ShellflipError {
  return new ShellflipError('ERR_INVALID_ARGUMENT', message)
}
