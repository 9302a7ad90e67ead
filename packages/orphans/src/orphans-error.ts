import { CodedError } from '@shellflip/internal'

/**
 * Tells why a supervisor cannot start beside what another one left. Each code is stable across versions:
 *
 * - `ERR_SUPERVISOR_ALIVE`: the supervisor that wrote the record still runs, and the generations are its own.
 * - `ERR_ORPHANS_FOUND`: generations of a killed supervisor still run, and the policy is to leave them alone.
 * - `ERR_ORPHAN_STAYS`: the system does not let this process end a generation.
 * - `ERR_INVALID_ARGUMENT`: a mistake in an option. The message names it.
 */
export type OrphansErrorCode =
  | 'ERR_SUPERVISOR_ALIVE'
  | 'ERR_ORPHANS_FOUND'
  | 'ERR_ORPHAN_STAYS'
  | 'ERR_INVALID_ARGUMENT'

/** Represents every failure of this package. The message says what to do next. */
export class OrphansError extends CodedError<OrphansErrorCode> {
  override readonly name = 'OrphansError'
}
