import { expect, test } from 'vitest'
import { z } from 'zod'
import { fromWire, toWire } from './protocol.ts'

const isoDate = z.codec(z.iso.datetime(), z.date(), {
  decode: (text) => new Date(text),
  encode: (date) => date.toISOString(),
})

test('a codec carries what JSON has no word for', () => {
  const schema = z.object({ since: isoDate })
  const wire = toWire(schema, { since: new Date(0) })
  expect(wire).toEqual({ since: '1970-01-01T00:00:00.000Z' })
  expect(fromWire(schema, wire)).toEqual({ since: new Date(0) })
})

test('what does not fit is refused at either end, naming the field', () => {
  const schema = z.object({ pid: z.object({ of: z.int() }) })
  const malformed = (message: RegExp) =>
    expect.objectContaining({ code: 'ERR_MALFORMED', message: expect.stringMatching(message) })
  expect(() => toWire(schema, { pid: { of: 1.5 } })).toThrow(malformed(/cannot be encoded: pid\.of: /))
  expect(() => fromWire(schema, { pid: { of: 'x' } })).toThrow(malformed(/is not in the protocol: pid\.of: /))
  expect(() => fromWire(schema, null)).toThrow(malformed(/is not in the protocol: Invalid input/))
})

test('JSON nested too deep for a recursive schema is malformed, not a crash', () => {
  const list: z.ZodType<unknown> = z.lazy(() => z.array(list))
  const deep = JSON.parse(`${'['.repeat(200_000)}${']'.repeat(200_000)}`)
  expect(() => fromWire(list, deep)).toThrow(expect.objectContaining({ code: 'ERR_MALFORMED' }))
})
