import { isTwoWaySchema, type OptionTypes, optionFault, show } from '@shellflip/internal'
import { throwIfFaulty } from './control-socket-error.ts'
import type { Protocol } from './protocol.ts'

const types: OptionTypes<keyof Protocol<unknown, unknown>> = {
  request: 'any',
  reply: 'any',
  refuse: 'function',
  kindOf: 'function',
}

/** Finds a protocol by which no request could be answered. @throws {ControlSocketError} ERR_INVALID_ARGUMENT */
export function checkProtocol(what: string, protocol: object): void {
  throwIfFaulty(optionFault(`the protocol of ${what}`, protocol, types))
  for (const name of ['request', 'reply'] as const) {
    const { [name]: schema } = protocol as Partial<Record<typeof name, unknown>>
    if (isTwoWaySchema(schema)) continue
    throwIfFaulty(
      `the protocol of ${what}: ${name} must be a schema with safeParse() and safeEncode(), as those of zod 4.1 or ` +
        `later are, not ${show(schema)}.`,
    )
  }
}
