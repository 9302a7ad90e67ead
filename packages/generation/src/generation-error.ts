import { CodedError } from '@shellflip/internal'
/** The code of a {@link GenerationError}. `ERR_INVALID_ARGUMENT`: a mistake in an option. The message names it. */
export type GenerationErrorCode = 'ERR_INVALID_ARGUMENT'

/** A mistake of the caller. What happens to a generation is an event. */
export class GenerationError extends CodedError<GenerationErrorCode> {
  override readonly name = 'GenerationError'
}
