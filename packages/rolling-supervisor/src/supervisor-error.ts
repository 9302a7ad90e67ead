import { CodedError } from '@shellflip/internal'

/** The code of a {@link SupervisorError}. `ERR_INVALID_ARGUMENT`: a mistake in an option. The message names it. */
export type SupervisorErrorCode = 'ERR_INVALID_ARGUMENT'

/** A mistake of the caller. Failures of the service are reported as events, not as errors. */
export class SupervisorError extends CodedError<SupervisorErrorCode> {
  override readonly name = 'SupervisorError'
}
