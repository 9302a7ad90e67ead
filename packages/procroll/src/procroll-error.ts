import { EXIT_FAILED, EXIT_NO_SUPERVISOR, EXIT_TIMED_OUT, EXIT_USAGE } from './exit-status.ts'

/**
 * - `ERR_USAGE`: the command line is wrong, and nothing was started
 * - `ERR_NO_SUPERVISOR`: no supervisor answers under that name, or at that control socket
 * - `ERR_TIMED_OUT`: the `--timeout` of the caller passed, and the roll continues
 * - `ERR_NAME_IN_USE`: a live supervisor holds this name, or this control socket
 * - `ERR_RUNTIME_FOLDER`: procroll cannot create the folder of control sockets, or the folder does not belong to the user
 * - `ERR_UNANSWERED`: the supervisor did not answer
 */
export type ProcrollErrorCode =
  | 'ERR_USAGE'
  | 'ERR_NO_SUPERVISOR'
  | 'ERR_TIMED_OUT'
  | 'ERR_NAME_IN_USE'
  | 'ERR_RUNTIME_FOLDER'
  | 'ERR_UNANSWERED'

const STATUSES: Partial<Record<ProcrollErrorCode, number>> = {
  ERR_USAGE: EXIT_USAGE,
  ERR_NO_SUPERVISOR: EXIT_NO_SUPERVISOR,
  ERR_TIMED_OUT: EXIT_TIMED_OUT,
}

/** An error for the user, in one line: what failed, with which value, and what to do next. */
export class ProcrollError extends Error {
  override readonly name = 'ProcrollError'
  readonly code: ProcrollErrorCode

  constructor(code: ProcrollErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }

  get exitCode(): number {
    return STATUSES[this.code] ?? EXIT_FAILED
  }
}

export function usageError(message: string, options?: ErrorOptions): ProcrollError {
  return new ProcrollError('ERR_USAGE', message, options)
}
