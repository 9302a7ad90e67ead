export { usageError } from '@shellflip/cli/errors'

/**
 * - `ERR_TIMED_OUT`: the `--timeout` of the caller passed, and the roll continues
 * - `ERR_NAME_IN_USE`: a live supervisor holds this name, or this control socket
 * - `ERR_LISTEN`: procroll cannot listen on a `--listen` address
 * - `ERR_TEMPDIR`: procroll cannot put the notify sockets into `--tempdir`
 * - `ERR_ORPHANS`: generations of a killed supervisor are still running
 */
export type ProcrollErrorCode =
  | 'ERR_TIMED_OUT'
  | 'ERR_NAME_IN_USE'
  | 'ERR_LISTEN'
  | 'ERR_TEMPDIR'
  | 'ERR_ORPHANS'

/** An error for the user, in one line: what failed, with which value, and what to do next. */
export class ProcrollError extends Error {
  override readonly name = 'ProcrollError'
  readonly code: ProcrollErrorCode

  constructor(code: ProcrollErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}
