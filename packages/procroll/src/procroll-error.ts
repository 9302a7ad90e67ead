export { usageError } from '@shellflip/cli/errors'

/**
 * - `ERR_ROLL_TIMED_OUT`: the `--timeout` of the caller passed. The roll continues. `procroll status` shows it.
 */
export type ProcrollErrorCode = 'ERR_ROLL_TIMED_OUT'

/** An error for the user, in one line: what failed, with which value, and what to do next. */
export class ProcrollError extends Error {
  override readonly name = 'ProcrollError'
  readonly code: ProcrollErrorCode

  constructor(code: ProcrollErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}
