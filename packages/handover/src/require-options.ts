import { checkOptionTypes, type OptionTypes } from '@shellflip/internal/check-options'
import { HandoverError } from './handover-error.ts'

/**
 * Throws for an option that a function does not have, and for a value of a wrong type.
 *
 * @throws {HandoverError} ERR_INVALID_ARGUMENT
 */
export function requireOptions(what: string, options: object, types: OptionTypes): void {
  const fault = checkOptionTypes(what, options, types)
  if (fault !== undefined) throw new HandoverError('ERR_INVALID_ARGUMENT', fault)
}
