import { expect, expectTypeOf, test } from 'vitest'
import { z } from 'zod'
import { defineState } from './define-state.ts'

const Users = defineState({
  name: 'users',
  version: 1,
  schema: z.object({ users: z.array(z.object({ name: z.string(), age: z.int() })) }),
})

/** A state of the same name in another program, with a looser schema. */
const Loose = defineState({ name: 'users', version: 1, schema: z.any() })

test('the value has the type of the schema', async () => {
  const Sessions = defineState({ name: 'sessions', version: 1, schema: z.map(z.string(), z.date()) })
  const sessions = new Map([['a', new Date(0)]])
  const back = await Sessions.decode(Sessions.encode(sessions))
  expectTypeOf(back).toEqualTypeOf<Map<string, Date>>()
  expect(back).toEqual(sessions)
})

test('what the schema rejects is not saved; the message names the fields, in one line', () => {
  const users = [
    { name: 'a', age: 1 },
    { name: 'b', age: 1.5 },
    { name: 3, age: 1 },
  ]
  expect(() => Users.encode({ users } as never)).toThrow(
    expect.objectContaining({
      name: 'StateError',
      code: 'ERR_STATE_INVALID',
      message: expect.stringMatching(
        /^the state cannot be saved by its schema: state\.users\[1\]\.age: [^\n]+; state\.users\[2\]\.name: [^\n]+$/,
      ),
      cause: expect.any(z.ZodError),
    }),
  )
})

test('what the schema rejects is not taken over', async () => {
  await expect(Users.decode(Loose.encode({ users: [{ name: 'a' }] }))).rejects.toMatchObject({
    code: 'ERR_STATE_INVALID',
    message: expect.stringMatching(/^the state is refused by its schema: state\.users\[0\]\.age: [^\n]+$/),
  })
})

test('reports the first five of many faults', async () => {
  const users = Array.from({ length: 9 }, () => ({ name: 'a', age: 'x' }))
  await expect(Users.decode(Loose.encode({ users }))).rejects.toThrow(/users\[4\]\.age: [^;]+; and 4 more$/)
})

test('a codec carries what cannot travel itself', async () => {
  const link = z.codec(z.string(), z.instanceof(URL), {
    decode: (text) => new URL(text),
    encode: (url) => url.href,
  })
  const Links = defineState({ name: 'links', version: 1, schema: z.array(link) })
  const links = [new URL('https://example.org/')]
  expect(await Links.decode(Links.encode(links))).toEqual(links)
})

test('a schema that throws is an error like others', () => {
  const later = z.string().refine((text) => Promise.resolve(text !== ''))
  const Asynchronous = defineState({ name: 'x', version: 1, schema: later })
  expect(() => Asynchronous.encode('x')).toThrow(expect.objectContaining({ code: 'ERR_STATE_INVALID' }))
  const list: z.ZodType<unknown> = z.lazy(() => z.array(list))
  const Lists = defineState({ name: 'x', version: 1, schema: list })
  let deep: unknown = []
  for (let level = 0; level < 100_000; level++) deep = [deep]
  expect(() => Lists.encode(deep)).toThrow(expect.objectContaining({ code: 'ERR_STATE_INVALID' }))
})
