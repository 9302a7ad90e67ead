import { expect, test } from 'vitest'
import { isTwoWaySchema, safeEncode, type TwoWaySchema } from './schema.ts'

const encoded = { success: true, data: 'encoded' } as const

const now: TwoWaySchema<number> = {
  safeParse: () => ({ success: true, data: 1 }),
  safeEncode: () => encoded,
}

/** As in zod 4.1.0, where the direction is an option of `safeParse()`. */
const zod410 = {
  safeParse(_: unknown, context?: { direction: string }) {
    return context?.direction === 'backward' ? encoded : { success: true, data: 1 }
  },
  optional() {},
  _zod: { version: { major: 4, minor: 1, patch: 0 } },
} as unknown as TwoWaySchema<number>

test('a value is encoded, by a method or by zod 4.1.0', () => {
  expect(safeEncode(now, 1)).toBe(encoded)
  expect(safeEncode(zod410, 1)).toBe(encoded)
})

test.each([
  ['one with both methods', now, true],
  ['one of zod 4.1.0', zod410, true],
  ['one of zod/mini 4.1', { ...zod410, optional: undefined }, false],
  ['one of zod 4.0', { ...zod410, _zod: { version: { major: 4, minor: 0 } } }, false],
  ['one of zod 3', { safeParse() {}, optional() {} }, false],
  ['none', undefined, false],
  ['a function', () => 1, false],
])('%s: %o', (_, value, expected) => {
  expect(isTwoWaySchema(value)).toBe(expected)
})
