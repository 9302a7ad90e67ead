/** Each way in which a request fails to be answered, counted apart. */
export const failureKinds = [
  /** Nobody listened. */
  'refused',
  /** The connection was reset with the request in flight. */
  'reset',
  /** The request could not be written: the other side had closed. */
  'epipe',
  /** The connection was closed in order, but with the request in flight. */
  'closed',
  /** Answered, but not with 200. */
  'status',
  /** Answered with 200, but not with the body that was expected. */
  'body',
  /** Answered with something that is not HTTP. */
  'malformed',
  /** Still without an answer some time after the end of the load. */
  'hanging',
  /** An error of another kind: of this machine, mostly, such as EMFILE. */
  'other',
] as const

export type FailureKind = (typeof failureKinds)[number]

export class LoadFailure extends Error {
  constructor(
    readonly kind: FailureKind,
    message: string = kind,
    options?: ErrorOptions,
  ) {
    super(message, options)
  }

  static of(error: NodeJS.ErrnoException): LoadFailure {
    return new LoadFailure(kindOf(error.code), error.message, { cause: error })
  }
}

function kindOf(code: string | undefined): FailureKind {
  switch (code) {
    case 'ECONNREFUSED':
    case 'ENOENT':
      return 'refused'
    case 'ECONNRESET':
      return 'reset'
    case 'EPIPE':
      return 'epipe'
    default:
      return 'other'
  }
}
