import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { defineState } from './index.ts'
import { schemaWay } from './schema-way.ts'

const session = z.object({
  user: z.string().min(1),
  visits: z.int().nonnegative(),
  seen: z.date().optional(),
  email: z.email().nullable(),
  tags: z.set(z.string()),
  cart: z.array(z.strictObject({ sku: z.string(), count: z.number().max(9) })),
})
const tree = z.object({
  name: z.string(),
  get children() {
    return z.array(tree)
  },
})
const either = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('a'), n: z.bigint() }),
  z.object({ kind: z.literal('b'), on: z.boolean() }),
])

const good = {
  user: 'u',
  visits: 1,
  seen: new Date(0),
  email: 'a@b.c',
  tags: new Set(['x']),
  cart: [{ sku: 's', count: 1 }],
}

describe('a schema that only looks at its value', () => {
  test.each<[string, z.ZodType, unknown[]]>([
    [
      'an object',
      session,
      [
        good,
        { ...good, extra: 1 },
        { ...good, visits: -1 },
        { ...good, cart: [{ sku: 1, more: 2 }] },
        {},
        null,
      ],
    ],
    ['a Map', z.map(z.string(), session), [new Map([['k', good]]), new Map([[1, good]]), {}]],
    ['a record', z.record(z.string(), z.enum(['x', 'y'])), [{ a: 'x' }, { a: 'z' }, []]],
    ['a tuple', z.tuple([z.string(), z.number()], z.null()), [['a', 1], ['a', 1, null], ['a'], [1, 'a']]],
    [
      'one that refers to itself',
      tree,
      [{ name: 'a', children: [{ name: 'b', children: [] }] }, { name: 'a' }],
    ],
    ['a union', either, [{ kind: 'a', n: 1n }, { kind: 'b', on: true, more: 1 }, { kind: 'c' }]],
    ['a union without a discriminator', z.union([z.string(), z.array(z.number())]), ['a', [1], [true], 1]],
  ])('%s: parsing gives and refuses what encoding does', (_, schema, values) => {
    expect(schemaWay(schema)).toEqual({ isSymmetric: true, makesContainers: true })
    for (const value of values) {
      const [parsed, encoded] = [schema.safeParse(value), schema.safeEncode(value as never)]
      expect(parsed.success).toBe(encoded.success)
      expect(parsed.data).toEqual(encoded.data)
      // Parsing names the discriminator that is wrong, and encoding names every option.
      if (schema !== either) expect(parsed.error?.issues).toEqual(encoded.error?.issues)
      if (typeof value === 'object') expect(parsed.data, 'the schema makes its own').not.toBe(value)
    }
  })

  test.each([
    ['any', z.object({ data: z.any() })],
    ['unknown', z.looseObject({ id: z.string() })],
    ['a loose record', z.looseRecord(z.string().regex(/^a/), z.number())],
  ])('%s: what it lets through may be anything', (_, schema) => {
    expect(schemaWay(schema)).toEqual({ isSymmetric: true, makesContainers: false })
  })
})

describe('a schema that changes its value, or calls the program', () => {
  test.each<[string, z.ZodType]>([
    ['a codec', z.codec(z.string(), z.number(), { decode: Number, encode: String })],
    ['a default', z.object({ n: z.number().default(1) })],
    ['coercion', z.array(z.coerce.number())],
    ['trimming', z.string().trim()],
    ['a URL', z.url()],
    ['a refinement', z.object({ n: z.number().refine((n) => n > 1) })],
    ['a custom type', z.map(z.string(), z.instanceof(Buffer))],
    ['readonly', z.object({}).readonly()],
    ['what is made later', z.lazy(() => z.string())],
    ['a symbol for a key', z.object({ [Symbol('x')]: z.string() } as z.ZodRawShape)],
  ])('%s is encoded', (_, schema) => {
    expect(schemaWay(schema).isSymmetric).toBe(false)
  })

  test('a getter that throws makes it unknown', () => {
    const schema = z.object({
      get later(): z.ZodString {
        throw new Error('not there yet')
      },
    })
    expect(schemaWay(schema)).toEqual({ isSymmetric: false, makesContainers: false })
  })
})

describe('nothing is lost without an error', () => {
  const refusal = expect.objectContaining({ code: 'ERR_STATE_NOT_ENCODABLE' })

  test('a property under a symbol that the schema names', () => {
    const key = Symbol('key')
    const state = defineState({
      name: 's',
      version: 1,
      schema: z.object({ a: z.string(), [key]: z.string().optional() } as z.ZodRawShape),
    })
    expect(() => state.encode({ a: '', [key]: '' } as never)).toThrow(refusal)
  })

  test('a property beside the elements of an array in a loose record', () => {
    const schema = z.looseRecord(z.string().regex(/^a/), z.number())
    const state = defineState({ name: 's', version: 1, schema: schema as never })
    expect(() => state.encode({ other: Object.assign([1], { beside: 1 }) } as never)).toThrow(refusal)
  })

  test('a property beside the elements of an array whose hole a migration fills', () => {
    const fill = (list: unknown[]) => {
      list[1] = 2
      return list
    }
    const state = defineState({
      name: 's',
      version: 2,
      schema: z.any(),
      migrations: { 1: fill },
      down: { 2: fill },
    })
    const list: unknown[] = [1]
    list[2] = 3
    expect(() => state.encode(Object.assign(list, { beside: 1 }), { readerVersion: 1 })).toThrow(refusal)
  })
})
