import { EXIT_FAILED, EXIT_NO_SUPERVISOR, EXIT_TIMED_OUT, EXIT_USAGE } from './exit-status.ts'

/**
 * - `ERR_USAGE`: the command line is wrong, and nothing was started. Correct what the message names.
 * - `ERR_NO_SUPERVISOR`: a supervisor does not answer under that name, or at that control socket. Check the name, and that it is running.
 * - `ERR_ROLL_TIMED_OUT`: the `--timeout` of the caller passed. The roll continues. `procroll status` shows it.
 * - `ERR_NAME_IN_USE`: a live supervisor holds this name, or this control socket. Stop it, or choose another name.
 * - `ERR_LISTEN`: procroll cannot listen on a `--listen` address. The message has the reason.
 * - `ERR_RUNTIME_FOLDER`: procroll cannot create the folder of control sockets, or the folder does not belong to the user. Set
 *   `PROCROLL_RUNTIME_DIR`.
 * - `ERR_TEMPDIR`: procroll cannot put the notify sockets into `--tempdir`. Choose another folder.
 * - `ERR_ORPHANS`: generations of a killed supervisor still run. End them, or use `--orphans end`.
 * - `ERR_UNANSWERED`: the supervisor did not answer. Try again. If it persists, look at its log.
 */
export type ProcrollErrorCode =
  | 'ERR_USAGE'
  | 'ERR_NO_SUPERVISOR'
  | 'ERR_ROLL_TIMED_OUT'
  | 'ERR_NAME_IN_USE'
  | 'ERR_LISTEN'
  | 'ERR_RUNTIME_FOLDER'
  | 'ERR_TEMPDIR'
  | 'ERR_ORPHANS'
  | 'ERR_UNANSWERED'

const STATUSES: Partial<Record<ProcrollErrorCode, number>> = {
  ERR_USAGE: EXIT_USAGE,
  ERR_NO_SUPERVISOR: EXIT_NO_SUPERVISOR,
  ERR_ROLL_TIMED_OUT: EXIT_TIMED_OUT,
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
