import { CodedError } from '@shellflip/internal'

/**
 * Names what went wrong. Each code is stable across versions:
 *
 * - `ERR_INVALID_ARGUMENT`: the caller passed a wrong value. Correct the one that the message names.
 * - `ERR_CLUSTER_WORKER`: a cluster worker cannot replace itself. Call `shellflip()` in the primary.
 * - `ERR_WORKER_THREAD`: a worker thread cannot replace the process. Call `shellflip()` in the main thread.
 * - `ERR_CALLED_TWICE`: `shellflip()` or `ready()` was called a second time. Call each once.
 * - `ERR_HANDOVER_ENVIRONMENT`: `SHELLFLIP_HANDOVER` or an `OXY_` variable does not name a descriptor of a predecessor. Do not set it by
 *   hand.
 * - `ERR_PID_FILE`: the pid file cannot be written. Choose a folder that this user can write. `cause` has the system's error.
 * - `ERR_UNMANAGED_SERVER`: the program binds an address itself. Pass the server that the message names to `flip.listen()` or
 *   `flip.bind()`.
 * - `ERR_STATE_NOT_READ`: `ready()` was called before the program read a state that is a stream to its end. Read it first.
 * - `ERR_STOPPED`: the process was stopped before it was ready, or something was registered after its shutdown. Exit.
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
