import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { defineState } from './define-state.ts'
import { defineStateStream } from './define-state-stream.ts'
import { toBuffer } from './to-buffer.ts'

const Anything = defineState({ name: 'anything', version: 1, schema: z.any() })

const refusal = (message: string) =>
  expect.objectContaining({ code: 'ERR_STATE_NOT_ENCODABLE', message: expect.stringContaining(message) })

const added = (value: object, key: PropertyKey = 'hits') => Object.assign(value, { [key]: 5 })

const ownProperty = (target: object, name: string, value: unknown) =>
  Object.defineProperty(target, name, { value })

function withGetter<T extends object>(holder: T, key: PropertyKey, act: (holder: T) => unknown): T {
  const get = () => {
    act(holder)
    return 0
  }
  return Object.defineProperty(holder, key, { enumerable: true, configurable: true, get })
}

function mapWith(act: (map: Map<string, unknown>) => unknown) {
  const map = new Map<string, unknown>()
  return map
    .set(
      'a',
      withGetter({}, 'x', () => act(map)),
    )
    .set('z', 1)
}

function setWith(act: (set: Set<unknown>) => unknown) {
  const set = new Set<unknown>()
  return set.add(withGetter({}, 'x', () => act(set)))
}

const hidden = (value: object) => Object.defineProperty(value, 'hits', { value: 5 })

/** Changes that a value may have undergone before it is saved. */
const changes: readonly ((value: object) => object)[] = [
  (value) => value,
  (value) => added(value),
  (value) => added(value, Symbol('hits')),
  hidden,
  (value) => Object.defineProperty(value, 'hits', { get: () => 5, enumerable: true }),
  (value) => Object.setPrototypeOf(value, null),
  (value) => Object.setPrototypeOf(value, Object.prototype),
  (value) => Object.setPrototypeOf(value, Map.prototype),
  (value) => Object.setPrototypeOf(value, Array.prototype),
  (value) => (Array.isArray(value) ? Object.assign(value, { length: value.length + 2 }) : value),
  (value) => (ArrayBuffer.isView(value) ? value : Object.freeze(value)),
  (value) => new Proxy(value, {}),
]

const oddValues = fc.constantFrom(
  () => new Error('x', { cause: 1 }),
  () => /x/g,
  () => 'ab'.match(/(?<x>a)/) as object,
  () => new Date(Number.NaN),
  () => new DataView(new ArrayBuffer(2)),
  () => new URL('https://example.org/'),
  () => Buffer.from('x'),
  () => Object('x') as object,
)

const anyValue = fc.anything({
  key: fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom('__proto__', '\ud800', 'length', '0')),
  values: [
    fc.string({ unit: 'binary' }),
    fc.constantFrom('\ud800x', -0, Number.NaN, null, undefined, 1n, Symbol.iterator),
    fc.double(),
    fc.bigInt(),
    fc
      .tuple(fc.anything({ withMap: true, withSet: true, withTypedArray: true, maxDepth: 1 }), fc.nat())
      .map(changed),
    fc.tuple(oddValues, fc.nat()).map(([make, number]) => changed([make(), number])),
  ],
  withBigInt: true,
  withBoxedValues: true,
  withDate: true,
  withMap: true,
  withNullPrototype: true,
  withSet: true,
  withSparseArray: true,
  withTypedArray: true,
})

function changed([value, number]: readonly [unknown, number]): unknown {
  if (typeof value !== 'object' || value === null) return value
  try {
    return changes[number % changes.length]?.(value)
  } catch {
    return value
  }
}

test('whatever is encoded comes back equal, and whatever is not is refused with its path', async () => {
  const count = { equal: 0, refused: 0 }
  await fc.assert(
    fc.asyncProperty(anyValue, async (value) => {
      const encoded = attempt(() => Anything.encode(value))
      if (encoded instanceof Error) {
        count.refused++
        expect(encoded).toEqual(refusal(': '))
        expect(encoded.message).toMatch(/^state/)
      } else {
        count.equal++
        expect(isDeepStrictEqual(await Anything.decode(await toBuffer(encoded)), value)).toBe(true)
      }
    }),
    { numRuns: 500 },
  )
  expect(count.equal).toBeGreaterThan(50)
  expect(count.refused).toBeGreaterThan(50)
})

function attempt<T>(run: () => T): T | Error {
  try {
    return run()
  } catch (error) {
    return error as Error
  }
}

describe('what would come back changed is refused', () => {
  test.each([
    ['state[1]: a hole in an array', Object.assign([], { 0: 1, 2: 3 })],
    ['state.list[0]: a hole in an array', { list: new Array(3) }],
    ['state: the property "index" of an array', 'ab'.match(/(?<x>a)/)],
    ['state: the property "hits" of an array', added([1])],
    ['state: the property Symbol(hits) of an array', added([1], Symbol('hits'))],
    ['state: the property "-1" of an array', added([1], '-1')],
    ['state.visits: the property "hits" of a Map', { visits: added(new Map([[1, 2]])) }],
    ['state: the property "hits" of a Set', added(new Set())],
    ['state: the property "hits" of a Date', added(new Date(0))],
    ['state: the property "hits" of a Buffer', added(Buffer.from('x'))],
    ['state: the property "hits" of a Buffer', added(Buffer.alloc(300_000))],
    ['state: the property Symbol(hits) of a Buffer', added(Buffer.alloc(300_000), Symbol('hits'))],
    ['state: the property "hits" of a Uint8Array', added(new Uint8Array(2))],
    ['state: the property "hits" of a Float64Array', added(new Float64Array(50_000))],
    ['state: the property "hits" of a Float64Array', added(new Float64Array([Number.NaN, -0]))],
    ['state: the property "hits" of an object', hidden({})],
    ['state: the property "hits" of a Map', hidden(new Map())],
    ['state: a Number', Object(1)],
    ['state: an Array', Object.create(Array.prototype)],
    ['state: an Array', Object.setPrototypeOf([1], Object.create(Array.prototype))],
    ['state: a nameless object', Object.setPrototypeOf(new Map([[1, 2]]), null)],
    ['state: an Object', Object.setPrototypeOf([1, 2], Object.prototype)],
    ['state: a TypeError', new TypeError('x', { cause: 1 })],
    ['state: the property "length" of a Buffer', ownProperty(Buffer.from('abc'), 'length', 1)],
    ['state: the property "byteLength" of a Uint8Array', ownProperty(new Uint8Array(3), 'byteLength', 1)],
    [
      'state: the property "buffer" of a Float64Array',
      ownProperty(new Float64Array(1), 'buffer', new ArrayBuffer(8)),
    ],
    ['state: an Object', Object.setPrototypeOf(new ArrayBuffer(8), Object.prototype)],
    ['state: an Object', Object.setPrototypeOf(Object(1n), Object.prototype)],
    ['state: an Object', Object.setPrototypeOf(new WeakMap(), Object.prototype)],
  ])('%s', (message, value) => {
    expect(() => Anything.encode(value)).toThrow(refusal(`${message} cannot be encoded: `))
  })

  test.each([
    ['Int8Array', Uint8Array.prototype, new Int8Array([-1])],
    ['Float64Array', Float32Array.prototype, new Float64Array([1.5])],
    ['Uint16Array', Buffer.prototype, new Uint16Array([300])],
  ])('%s with the prototype of another type', (_, prototype, value) => {
    expect(() => Anything.encode(Object.setPrototypeOf(value, prototype))).toThrow(
      refusal('state: it has the prototype of another type: '),
    )
  })

  test.each<[string, () => unknown, string]>([
    ['an array that grows', () => withGetter<unknown[]>([], 0, (array) => array.push(1)), 'state'],
    [
      'an array that shrinks',
      () => withGetter<unknown[]>([0, 1, 2], 0, (array) => array.splice(1)),
      'state[1]',
    ],
    ['a Map that grows', () => mapWith((map) => map.set('b', 1)), 'state'],
    ['a Map that shrinks', () => mapWith((map) => map.delete('z')), 'state'],
    ['a Set that grows', () => setWith((set) => set.add(1)), 'state'],
    [
      'an object that loses a key',
      () => withGetter<Record<string, unknown>>({ a: 1, b: 2 }, 'a', (object) => delete object.b),
      'state.b',
    ],
  ])('%s while it is encoded', (_, make, place) => {
    expect(() => Anything.encode(make())).toThrow(refusal(`${place}: `))
  })

  test.each([[Symbol('x')], [Object.create(null)], [null], [undefined]])(
    'a getter that throws %o, which is not an error',
    (thrown) => {
      const value = {
        get size() {
          throw thrown
        },
      }
      expect(() => Anything.encode(value)).toThrow(refusal('state.size: it cannot be read ('))
    },
  )

  test('the message says what to do', () => {
    expect(() => Anything.encode(new Array(1))).toThrow(refusal(': fill it, with undefined or null'))
    expect(() => Anything.encode(added(new Map()))).toThrow(
      refusal(': leave it out, or save the values that it is made of'),
    )
  })

  test('a value that cannot be read is named, and the cause kept', () => {
    const cause = new Error('gone')
    const getter = Object.defineProperty({}, 'size', {
      enumerable: true,
      get: () => {
        throw cause
      },
    })
    const error = attempt(() => Anything.encode({ disk: getter }))
    expect(error).toEqual(refusal('state.disk.size: it cannot be read (Error: gone)'))
    expect(error).toMatchObject({ cause })
    expect(() => Anything.encode([Object.create(Map.prototype)])).toThrow(
      refusal('state[0]: it cannot be read'),
    )
  })

  test('the path of a stream begins with the item', async () => {
    const Items = defineStateStream({ name: 'items', version: 1, schema: z.any() })
    await expect(toBuffer(Items.encode([1, { at: new Array(1) }]))).rejects.toThrow(
      refusal('state[1].at[0]: '),
    )
    const Numbers = defineStateStream({ name: 'items', version: 1, schema: z.number() })
    await expect(toBuffer(Numbers.encode([1, 'x' as never]))).rejects.toThrow('by its schema: state[1]: ')
    const read = async () => {
      for await (const _ of Numbers.decode(await toBuffer(Items.encode([1, 'x']))));
    }
    await expect(read()).rejects.toThrow('by its schema: state[1]: ')
  })
})

test.each([
  ['a property that is undefined', { a: undefined, b: [undefined] }],
  ['an object without a prototype', Object.assign(Object.create(null), { __proto__: 1, a: [1] })],
  ['a lone surrogate', { '\ud800': '\udfff' }],
  ['what a getter gives', { get now() { return 1 } }], // biome-ignore format: one line a case
  ['a frozen object', Object.freeze({ list: Object.freeze([-0]) })],
  ['bytes that are shared', new Uint8Array(new SharedArrayBuffer(2))],
  ['a reactive object', new Proxy({ a: 1 }, {})],
  ['a large array', Array.from({ length: 200_000 }, (_, index) => index)],
])('%s comes back', async (_, value) => {
  expect(isDeepStrictEqual(await Anything.decode(await toBuffer(Anything.encode(value))), value)).toBe(true)
})
