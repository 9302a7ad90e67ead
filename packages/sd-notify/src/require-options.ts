import { checkOptionTypes, type OptionTypes } from '@shellflip/internal/check-options'
import { SdNotifyError } from './errors.ts'

/** Throws `ERR_INVALID_ARGUMENT` for an option that a function does not have, or a value of a wrong type. */
export function requireOptions(what: string, options: object, types: OptionTypes): void {
  const fault = checkOptionTypes(what, options, types)
  if (fault !== undefined) throw new SdNotifyError('ERR_INVALID_ARGUMENT', fault)
}
