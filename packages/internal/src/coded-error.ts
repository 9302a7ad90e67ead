/** An error with a stable `code`. Each package derives its own class from it. */
export class CodedError<Code extends string> extends Error {
  readonly code: Code

  /** @param options.cause is left out where it is undefined */
  constructor(code: Code, message: string, { cause }: ErrorOptions = {}) {
    super(message, cause === undefined ? undefined : { cause })
    this.code = code
  }
}
