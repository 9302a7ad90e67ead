/** Reports a command line that is wrong. Nothing was started. The message says which value, and what is accepted. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
  readonly code = 'ERR_USAGE'
}

export function usageError(message: string, options?: ErrorOptions): UsageError {
  return new UsageError(message, options)
}
