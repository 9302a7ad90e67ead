const brand = Symbol.for('shellflip.coded-error')

/** An error with a stable `code`. Each package derives its own class from it. */
export class CodedError<Code extends string> extends Error {
  readonly code: Code

  /** @param options.cause is left out where it is undefined */
  constructor(code: Code, message: string, { cause }: ErrorOptions = {}) {
    super(message, cause === undefined ? undefined : { cause })
    this.code = code
  }
}

/**
 * Accepts an error of a copy of the class as well. The file of shellflip holds copies of other packages, and a program may import such a
 * package beside it.
 */
function isInstance(this: typeof CodedError, value: unknown): boolean {
  if (Function.prototype[Symbol.hasInstance].call(this, value)) return true
  return value instanceof Error && brand in value && value.name === this.name
}

// Not in the class, because the published types would show them.
Object.defineProperty(CodedError, Symbol.hasInstance, { value: isInstance })
Object.defineProperty(CodedError.prototype, brand, { value: true })
