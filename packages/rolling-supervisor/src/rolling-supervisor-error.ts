/** A mistake of the caller, which the message names. What goes wrong with the service is an event and an outcome. */
export class RollingSupervisorError extends Error {
  override readonly name = 'RollingSupervisorError'
  readonly code = 'ERR_INVALID_ARGUMENT'
}
