import { CodedError } from '@shellflip/internal'

/**
 * The code of a {@link SupervisorError}:
 *
 * - `ERR_INVALID_ARGUMENT`: the caller passed a wrong value. Correct the one that the message names.
 * - `ERR_NOTIFY_DIRECTORY`: the folder of the notify sockets cannot be made. The message says why.
 */
export type SupervisorErrorCode = 'ERR_INVALID_ARGUMENT' | 'ERR_NOTIFY_DIRECTORY'

/** A supervisor cannot be made as the caller wants it. Failures of the service are reported as events, not as errors. */
export class SupervisorError extends CodedError<SupervisorErrorCode> {
  override readonly name = 'SupervisorError'
}
