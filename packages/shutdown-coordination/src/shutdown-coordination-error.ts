/**
 * - `ERR_SHUTTING_DOWN`: the reason of {@link ShutdownCoordinator.signal} once a shutdown has begun
 * - `ERR_DEADLINE`: the reason of {@link ShutdownCoordinator.deadline} once time is up
 * - `ERR_INVALID_ARGUMENT`: an option or an object that cannot be used, told in the message
 */
export type ShutdownCoordinationErrorCode = 'ERR_SHUTTING_DOWN' | 'ERR_DEADLINE' | 'ERR_INVALID_ARGUMENT'

/** The one error class of this package; `code` is stable, the message is not. */
export class ShutdownCoordinationError extends Error {
  override readonly name = 'ShutdownCoordinationError'

  constructor(
    readonly code: ShutdownCoordinationErrorCode,
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options)
  }
}

/** Throws unless `ms` is a number of milliseconds that a timer can hold. */
export function assertMilliseconds(name: string, ms: number): void {
  const longestTimerMs = 2 ** 31 - 1
  if (ms >= 0 && ms <= longestTimerMs) return
  throw new ShutdownCoordinationError(
    'ERR_INVALID_ARGUMENT',
    `${name} is ${ms}: give milliseconds from 0 to ${longestTimerMs}`,
  )
}
