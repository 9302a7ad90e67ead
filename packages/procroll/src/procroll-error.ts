/**
 * - `ERR_USAGE`: the command line is wrong; nothing was started
 * - `ERR_NO_SUPERVISOR`: no supervisor answers under that name, or at that control socket
 * - `ERR_NAME_IN_USE`: a live supervisor holds this name, or control socket
 * - `ERR_LISTEN`: a `--listen` socket cannot be opened
 * - `ERR_RUNTIME_FOLDER`: the folder of control sockets cannot be made, or is not the user's own
 * - `ERR_TEMPDIR`: the notify sockets cannot live in `--tempdir`
 * - `ERR_ORPHANS`: generations of a killed supervisor are still running
 * - `ERR_UNANSWERED`: the supervisor did not answer, in time or at all
 */
export type ProcrollErrorCode =
  | 'ERR_USAGE'
  | 'ERR_NO_SUPERVISOR'
  | 'ERR_NAME_IN_USE'
  | 'ERR_LISTEN'
  | 'ERR_RUNTIME_FOLDER'
  | 'ERR_TEMPDIR'
  | 'ERR_ORPHANS'
  | 'ERR_UNANSWERED'

/** What the command line tells its user, in one line: what went wrong, with which value, and what to do next. */
export class ProcrollError extends Error {
  override readonly name = 'ProcrollError'
  readonly code: ProcrollErrorCode

  constructor(code: ProcrollErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }

  /** 2 for wrong usage, 3 where no supervisor is there, else 1. */
  get exitCode(): number {
    if (this.code === 'ERR_USAGE') return 2
    if (this.code === 'ERR_NO_SUPERVISOR') return 3
    return 1
  }
}

export function usageError(message: string, options?: ErrorOptions): ProcrollError {
  return new ProcrollError('ERR_USAGE', message, options)
}
