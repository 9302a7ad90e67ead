import { type OptionTypes, optionFault } from '@shellflip/internal'
import { HandoverError } from './handover-error.ts'

/**
 * Throws for an option that a function does not have, and for a value of a wrong type.
 *
 * @throws {HandoverError} ERR_INVALID_ARGUMENT
 */
export function checkOptions(what: string, options: object, types: OptionTypes): void {
  const fault = optionFault(what, options, types)
  if (fault !== undefined) throw new HandoverError('ERR_INVALID_ARGUMENT', fault)
}
