import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import * as mini from 'zod/mini'
import { z as z3 } from 'zod/v3'
import { defineState } from './define-state.ts'
import { defineStateStream } from './define-state-stream.ts'

const invalid = (message: string) => expect.objectContaining({ code: 'ERR_INVALID_ARGUMENT', message })

const define = (schema: unknown) => () => defineState({ name: 'users', version: 1, schema: schema as never })

/** A schema of zod 4.0: the form of 4.1, without the methods that encode. */
const zod40 = { safeParse() {}, optional() {}, _zod: { def: {}, version: { major: 4, minor: 0 } } }

const valibot = { '~standard': { vendor: 'valibot', version: 1, validate() {} } }

describe('a schema that cannot be used is refused when the state is defined', () => {
  test.each([
    ['of zod 3, which cannot encode', z3.object({ n: z3.number() })],
    ['of zod/mini, which cannot encode', mini.object({ n: mini.number() })],
    ['of zod 4.0, which cannot encode', zod40],
    ['of valibot, which cannot encode', valibot],
    ['undefined, not a schema', undefined],
    ['null, not a schema', null],
    ['function, not a schema', z.object],
    ['an object without safeParse() and safeEncode()', { n: z.number() }],
  ])('%s', (kind, schema) => {
    const message = `the schema of users is ${kind}. Use a schema of zod ^4.1.0: import { z } from 'zod'`
    expect(define(schema)).toThrow(invalid(message))
    expect(() => defineStateStream({ name: 'users', version: 1, schema: schema as never })).toThrow(
      invalid(message),
    )
  })
})

const asynchronous = z.codec(z.string(), z.date(), {
  decode: async (text) => new Date(text),
  encode: (date) => date.toJSON(),
})

const Tree = z.object({
  value: z.string().transform(Number),
  get children() {
    return z.array(Tree)
  },
})

describe('a part that a value cannot be encoded by is named', () => {
  test.each([
    ['state: a transform cannot be reversed. Use z.codec()', z.string().transform(Number)],
    [
      'state.at: a transform cannot be reversed. Use z.codec()',
      z.object({ at: z.preprocess(String, z.string()) }),
    ],
    [
      'state.users.age: a transform cannot be reversed. Use z.codec()',
      z.object({ users: z.array(z.object({ age: z.string().transform(Number) })).optional() }),
    ],
    ['state: a transform cannot be reversed. Use z.codec()', z.map(z.string(), z.string().transform(Number))],
    [
      'state: a transform cannot be reversed. Use z.codec()',
      z.union([z.int(), z.string().transform(Number)]),
    ],
    ['state.value: a transform cannot be reversed. Use z.codec()', Tree],
    ['state: a promise cannot be encoded. Await it first', z.promise(z.string())],
    [
      'state: one of its functions is asynchronous. Use one that returns its result',
      z.string().refine(async () => true),
    ],
    [
      'state.at: one of its functions is asynchronous. Use one that returns its result',
      z.object({ at: asynchronous }),
    ],
  ])('%s', (message, schema) => {
    expect(define(schema)).toThrow(invalid(`the schema of users cannot encode ${message}`))
  })
})

const nested = (): z.ZodType =>
  z.object({
    get next() {
      return nested()
    },
  })

const early = z.object({
  get later() {
    return later
  },
})
const definedEarly = attempt()
const later = z.string()

function attempt(): unknown {
  return define(early)()
}

describe('a schema that can be used is accepted', () => {
  test.each([
    ['a codec', z.stringbool()],
    ['checks that change', z.object({ name: z.string().trim().toLowerCase().default('x').catch('y') })],
    ['a lazy schema, unread', z.lazy(() => z.string().transform(Number))],
    ['parts without end', nested()],
    ['one with both methods', { safeParse: z.int().safeParse, safeEncode: z.int().safeEncode }],
  ])('%s', (_, schema) => {
    expect(define(schema)()).toMatchObject({ form: 'value', name: 'users' })
  })

  test('a part that is not there yet', () => {
    expect(definedEarly).toMatchObject({ name: 'users' })
  })
})
