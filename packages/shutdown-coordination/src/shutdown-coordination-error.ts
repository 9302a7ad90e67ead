import { CodedError, longestTimerMs, type OptionTypes, optionFault } from '@shellflip/internal'

/**
 * Names what went wrong. Each code is stable across versions:
 *
 * - `ERR_SHUTTING_DOWN`: the reason of {@link ShutdownCoordinator.signal} after a shutdown began. Stop the work that has the signal.
 * - `ERR_DEADLINE`: the reason of {@link ShutdownCoordinator.deadline} when time is up. Abandon the work.
 * - `ERR_INVALID_ARGUMENT`: the caller passed a wrong value. Correct the one that the message names.
 * - `ERR_TOO_LATE`: something was registered after the shutdown, so that nothing would drain it. Register it earlier.
 */
export type ShutdownCoordinationErrorCode =
  | 'ERR_SHUTTING_DOWN'
  | 'ERR_DEADLINE'
  | 'ERR_INVALID_ARGUMENT'
  | 'ERR_TOO_LATE'

/** Represents every failure of this package. `code` is stable, the message is not. */
export class ShutdownCoordinationError extends CodedError<ShutdownCoordinationErrorCode> {
  override readonly name = 'ShutdownCoordinationError'
}

export function invalidArgument(message: string): ShutdownCoordinationError {
  return new ShutdownCoordinationError('ERR_INVALID_ARGUMENT', message)
}

/** Throws unless all options are known and have the right type. */
export function assertOptions(what: string, options: object, types: OptionTypes): void {
  const fault = optionFault(what, options, types)
  if (fault !== undefined) throw invalidArgument(fault)
  for (const [name, value] of Object.entries(options) as [string, unknown][]) {
    if (types[name] === 'milliseconds' && Number(value) > longestTimerMs) {
      throw invalidArgument(`${what}: ${name} must be at most ${longestTimerMs}, not ${value}.`)
    }
  }
}
