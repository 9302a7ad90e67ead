import { decode as cborgDecode } from 'cborg'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { defineState } from './define-state.ts'
import { toBuffer } from './to-buffer.ts'

const Anything = defineState({ name: 'anything', version: 1, schema: z.any() })

async function roundTrip(value: unknown): Promise<unknown> {
  return Anything.decode(await toBuffer(Anything.encode(value)))
}

const typedArrays = fc.oneof(
  fc.uint8Array(),
  fc.uint8ClampedArray(),
  fc.int8Array(),
  fc.uint16Array(),
  fc.int16Array(),
  fc.uint32Array(),
  fc.int32Array(),
  fc.bigInt64Array(),
  fc.bigUint64Array(),
  fc.float32Array(),
  fc.float64Array(),
)

const { value: anyValue } = fc.letrec<{ value: unknown; scalar: unknown }>((tie) => ({
  scalar: fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.string().map((text) => `\ufeff${text}`),
    fc.double(),
    fc.maxSafeInteger(),
    fc.bigInt(),
    fc.boolean(),
    fc.constantFrom(null, undefined, -0, 2 ** 53, -(2 ** 53), '\ud800', ''),
    fc.date({ noInvalidDate: true }),
    typedArrays,
    fc.uint8Array().map((bytes) => Buffer.from(bytes)),
  ),
  value: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    tie('scalar'),
    fc.array(tie('value')),
    fc.dictionary(fc.oneof(fc.string({ unit: 'binary' }), fc.constant('__proto__')), tie('value')),
    fc.array(fc.tuple(tie('value'), tie('value'))).map((entries) => new Map(entries)),
    fc.array(tie('value')).map((members) => new Set(members)),
  ),
}))

describe('what travels', () => {
  test('any value comes back as it was', async () => {
    await fc.assert(
      fc.asyncProperty(anyValue, async (value) => {
        expect(await roundTrip(value)).toStrictEqual(value)
      }),
    )
  })

  test.each([
    ['a negative zero', -0],
    [
      'the first and the last Date, and one that seconds in a double miss',
      [new Date(-8.64e15), new Date(8.64e15 - 1), new Date(4420485573081855)],
    ],
    ['bigints of any size', [0n, -1n, 2n ** 64n, -(2n ** 64n), 255n, 256n, 10n ** 400n]],
    ['a Buffer and a Uint8Array, told apart', [Buffer.from('x'), new Uint8Array(2)]],
    ['a part of a typed array', new Float64Array([1, 2, 3]).subarray(1, 2)],
    ['a long text', '\u{1f600}é'.repeat(200_000)],
  ])('%s', async (_, value) => {
    expect(await roundTrip(value)).toStrictEqual(value)
  })

  test('bytes of several blocks', async () => {
    const bytes = Buffer.from(Array.from({ length: 1_000_003 }, (_, index) => index % 251))
    expect(bytes.equals(((await roundTrip([bytes])) as [Buffer])[0])).toBe(true)
  })

  test('the order of keys is kept', async () => {
    expect(Object.keys((await roundTrip({ long: 1, a: 2, b: 3 })) as object)).toEqual(['long', 'a', 'b'])
  })

  test('a key __proto__ is a key like others', async () => {
    const value: unknown = JSON.parse('{"__proto__": {"admin": true}}')
    const back = await roundTrip(value)
    expect(Object.getPrototypeOf(back)).toBe(Object.prototype)
    expect(Object.keys(back as object)).toEqual(['__proto__'])
  })

  test('what was decoded does not hold on to the bytes it came from', async () => {
    const encoded = await toBuffer(Anything.encode([Buffer.from('kept'), new Uint8Array([1, 2])]))
    const value = await Anything.decode(encoded)
    encoded.fill(0)
    expect(value).toStrictEqual([Buffer.from('kept'), new Uint8Array([1, 2])])
  })

  test('it is CBOR, as another reader understands it', async () => {
    await fc.assert(
      fc.asyncProperty(fc.jsonValue({ noUnicodeString: false }), async (value) => {
        const encoded = await toBuffer(Anything.encode(value))
        const header = 8 + 5 + 5 + 'anything'.length + 4
        const length = encoded.readUInt32BE(header + 1)
        expect(cborgDecode(encoded.subarray(header + 5, header + 5 + length))).toEqual(value)
      }),
    )
  })
})

class Connection {
  open = true
}

describe('what does not travel is refused with its place', () => {
  const circle: unknown[] = []
  circle.push({ back: circle })

  test.each([
    ['state.users[3].socket: a Connection', { users: [0, 1, 2, { socket: new Connection() }] }],
    ['state.next: a function', { next: () => 1 }],
    ['state[0]: a symbol', [Symbol('x')]],
    ['state["odd key"]: a Promise', { 'odd key': Promise.resolve() }],
    ['state.here: an Error', new Map([['here', new Error('x')]])],
    ['state["key 0"]: a WeakMap', new Map([[new WeakMap(), 1]])],
    ['state[1]: a RegExp', new Set([1, /x/])],
    ['state.at: an invalid Date', { at: new Date(Number.NaN) }],
    ['state.raw: an ArrayBuffer', { raw: new ArrayBuffer(1) }],
    ['state: an Ids', new (class Ids extends Map {})()],
    ['state: an Object', Object.create({ inherited: 1 })],
    ['state: the property Symbol(hidden) of an object', { [Symbol('hidden')]: 1 }],
    ['state[0].back: it contains itself, and a circle', circle],
  ])('%s', (subject, value) => {
    expect(() => Anything.encode(value)).toThrow(
      expect.objectContaining({
        code: 'ERR_STATE_NOT_ENCODABLE',
        message: expect.stringContaining(`${subject} cannot be encoded: `),
      }),
    )
  })

  test('the same object at two places is not a circle', async () => {
    const shared = { a: 1 }
    expect(await roundTrip([shared, shared])).toEqual([shared, shared])
  })

  test('500 levels travel, 501 do not', async () => {
    const nested = (levels: number): unknown => (levels === 0 ? 'core' : [nested(levels - 1)])
    expect(await roundTrip(nested(500))).toEqual(nested(500))
    expect(() => Anything.encode(nested(501))).toThrow(
      expect.objectContaining({ code: 'ERR_STATE_NOT_ENCODABLE', message: expect.stringContaining('500') }),
    )
  })
})
