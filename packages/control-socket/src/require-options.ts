import { checkOptionTypes, type OptionTypes } from '@shellflip/internal/check-options'
import { ControlSocketError } from './control-socket-error.ts'

/**
 * Throws for an option that a function does not have, for a value of a wrong type, and for one that is missing.
 *
 * @throws {ControlSocketError} ERR_INVALID_ARGUMENT
 */
export function requireOptions(
  what: string,
  options: object,
  types: OptionTypes,
  required: readonly string[] = [],
): void {
  const fault = checkOptionTypes(what, options, types)
  if (fault !== undefined) throw new ControlSocketError('ERR_INVALID_ARGUMENT', fault)
  const missing = required.find((name) => (options as Record<string, unknown>)[name] === undefined)
  if (missing !== undefined) {
    throw new ControlSocketError('ERR_INVALID_ARGUMENT', `${what} needs the option "${missing}".`)
  }
}
