import { CodedError } from '@shellflip/internal'

/** The code of a {@link SupervisorError}. `ERR_INVALID_ARGUMENT`: the caller passed a wrong value. Correct the one that the message names. */
export type SupervisorErrorCode = 'ERR_INVALID_ARGUMENT'

/** A mistake of the caller. Failures of the service are reported as events, not as errors. */
export class SupervisorError extends CodedError<SupervisorErrorCode> {
  override readonly name = 'SupervisorError'
}
