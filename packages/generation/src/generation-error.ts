import { CodedError } from '@shellflip/internal'

/** The code of a {@link GenerationError}. `ERR_INVALID_ARGUMENT`: the caller passed a wrong value. Correct the one that the message names. */
export type GenerationErrorCode = 'ERR_INVALID_ARGUMENT'

/** A mistake of the caller. Failures of a generation are reported as events, not as errors. */
export class GenerationError extends CodedError<GenerationErrorCode> {
  override readonly name = 'GenerationError'
}
