import { type OptionTypes, optionFault } from '@shellflip/internal'
import { invalidArgument } from '../shellflip-error.ts'
import type { ConnectionCarrier, ServeOptions } from './serve-options.ts'

const types: OptionTypes<keyof ServeOptions> = {
  name: 'string',
  lingerMs: 'milliseconds',
  keepAcceptingMs: 'milliseconds',
  drainUpgraded: 'function',
  drainSocket: 'function',
  moveConnections: 'any',
}

const carrierTypes: OptionTypes<keyof ConnectionCarrier> = { give: 'function', take: 'function' }

/** The options of `flip.listen()`. They belong in its third argument. */
export const serveOptionNames = Object.keys(types)

/** Finds options that `flip.listen()` does not have, and values of a wrong type. @throws {ShellflipError} ERR_INVALID_ARGUMENT */
export function checkServeOptions(options: ServeOptions): void {
  const { moveConnections } = options ?? {}
  const fault =
    optionFault('flip.listen()', options, types) ??
    (typeof moveConnections === 'object'
      ? optionFault('moveConnections of flip.listen()', moveConnections, carrierTypes)
      : optionFault('flip.listen()', { moveConnections }, { moveConnections: 'boolean' }))
  if (fault !== undefined) throw invalidArgument(fault)
}
