import { type OptionTypes, optionFault } from '@shellflip/internal'
import { invalidArgument } from '../shellflip-error.ts'
import type { ConnectionCarrier, ServeOptions } from './serve-options.ts'

const types: OptionTypes<keyof ServeOptions> = {
  name: 'string',
  lingerMs: 'milliseconds',
  keepAcceptingMs: 'milliseconds',
  drainUpgraded: 'function',
  drainSocket: 'function',
  handOver: 'any',
}

const carrierTypes: OptionTypes<keyof ConnectionCarrier> = { give: 'function', take: 'function' }

/** The options of `flip.listen()`. They belong in its third argument. */
export const serveOptionNames = Object.keys(types)

/** Finds options that `flip.listen()` does not have, and values of a wrong type. @throws {ShellflipError} ERR_INVALID_ARGUMENT */
export function checkServeOptions(options: ServeOptions): void {
  const { handOver } = options ?? {}
  const fault =
    optionFault('flip.listen()', options, types) ??
    (typeof handOver === 'object'
      ? optionFault('handOver of flip.listen()', handOver, carrierTypes)
      : optionFault('flip.listen()', { handOver }, { handOver: 'boolean' }))
  if (fault !== undefined) throw invalidArgument(fault)
}
