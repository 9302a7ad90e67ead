import { CodedError } from '@shellflip/internal'

/**
 * The reason of a failure, stable across versions:
 *
 * - `ERR_NO_SUPERVISOR`: no supervisor answers under that name, or at that control socket.
 * - `ERR_SEVERAL_SUPERVISORS`: several supervisors are running, and the request names none of them.
 * - `ERR_INVALID_NAME`: the text cannot be the name of a supervisor.
 * - `ERR_NAME_IN_USE`: a live supervisor holds this name, or this control socket.
 * - `ERR_SUPERVISOR_PATH_TOO_LONG`: the kernel does not accept a socket path of this length.
 * - `ERR_CONTROL_SOCKET`: the supervisor cannot listen at its control socket.
 * - `ERR_RUNTIME_FOLDER`: the folder of control sockets cannot be created, or another user could have put files there.
 * - `ERR_UNANSWERED`: the supervisor did not answer.
 * - `ERR_INVALID_ARGUMENT`: the caller passed a wrong value. The message names it.
 */
export type SupervisorControlErrorCode =
  | 'ERR_NO_SUPERVISOR'
  | 'ERR_SEVERAL_SUPERVISORS'
  | 'ERR_INVALID_NAME'
  | 'ERR_NAME_IN_USE'
  | 'ERR_SUPERVISOR_PATH_TOO_LONG'
  | 'ERR_CONTROL_SOCKET'
  | 'ERR_RUNTIME_FOLDER'
  | 'ERR_UNANSWERED'
  | 'ERR_INVALID_ARGUMENT'

/** Reports every failure of this package. `code` is stable, and the message says what to do next. */
export class SupervisorControlError extends CodedError<SupervisorControlErrorCode> {
  override readonly name = 'SupervisorControlError'
  /** The names of the running supervisors that the error is about (`ERR_SEVERAL_SUPERVISORS`, `ERR_NAME_IN_USE`). */
  readonly supervisors: readonly string[]

  constructor(
    code: SupervisorControlErrorCode,
    message: string,
    { cause, supervisors = [] }: ErrorOptions & { supervisors?: readonly string[] } = {},
  ) {
    super(code, message, { cause })
    this.supervisors = supervisors
  }
}

/** @param fault what a check of options found, if anything. @throws {SupervisorControlError} ERR_INVALID_ARGUMENT */
export function throwIfFaulty(fault: string | undefined): void {
  if (fault !== undefined) throw new SupervisorControlError('ERR_INVALID_ARGUMENT', fault)
}
