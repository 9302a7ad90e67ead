import { isTwoWaySchema, type OptionTypes, optionFault, show } from '@shellflip/internal'
import { throwIfFaulty } from './control-socket-error.ts'
import type { Vocabulary } from './vocabulary.ts'

const types: OptionTypes<keyof Vocabulary<unknown, unknown>> = {
  request: 'any',
  reply: 'any',
  refuse: 'function',
  kindOf: 'function',
}

/** Finds a vocabulary by which no request could be answered. @throws {ControlSocketError} ERR_INVALID_ARGUMENT */
export function checkVocabulary(what: string, vocabulary: object): void {
  throwIfFaulty(optionFault(`the vocabulary of ${what}`, vocabulary, types))
  for (const name of ['request', 'reply'] as const) {
    const { [name]: schema } = vocabulary as Partial<Record<typeof name, unknown>>
    if (isTwoWaySchema(schema)) continue
    throwIfFaulty(
      `the vocabulary of ${what}: ${name} must be a schema with safeParse() and safeEncode(), as those of zod 4.1 or ` +
        `later are, not ${show(schema)}.`,
    )
  }
}
