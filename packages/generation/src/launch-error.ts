/** Reports a command that cannot be started, with a reason that helps its operator. */
export class LaunchError extends Error {
  override readonly name = 'LaunchError'
  /** The errno name: ENOENT, EACCES … */
  readonly code: string

  constructor(code: string, message: string, options?: { cause: unknown }) {
    super(message, options)
    this.code = code
  }
}
