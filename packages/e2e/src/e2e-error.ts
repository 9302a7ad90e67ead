/**
 * - `ERR_REQUIREMENTS`: machines cannot be booted here; the message says what is missing and how to get it
 * - `ERR_BUILD`: a root file system could not be built
 * - `ERR_BOOT`: systemd did not come up
 * - `ERR_COMMAND`: a command in a machine failed, or did not come to an end
 * - `ERR_STOP`: a machine ended, and left something behind
 */
export type E2eErrorCode = 'ERR_REQUIREMENTS' | 'ERR_BUILD' | 'ERR_BOOT' | 'ERR_COMMAND' | 'ERR_STOP'

export class E2eError extends Error {
  override readonly name = 'E2eError'
  readonly code: E2eErrorCode

  constructor(code: E2eErrorCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}
