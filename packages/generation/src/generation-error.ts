/** A mistake of the caller, which the message names. What goes wrong with a process is an event. */
export class GenerationError extends Error {
  override readonly name = 'GenerationError'
  readonly code = 'ERR_INVALID_ARGUMENT'
}
