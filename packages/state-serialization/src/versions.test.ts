import { expect, test } from 'vitest'
import { z } from 'zod'
import { compatibility } from './compatibility.ts'
import { defineState } from './define-state.ts'
import { defineStateStream } from './define-state-stream.ts'

/** Three releases of one program: the age became a year of birth, then the name was split. */
const UsersV1 = defineState({
  name: 'users',
  version: 1,
  schema: z.object({ name: z.string(), age: z.int() }),
})
const UsersV2 = defineState({
  name: 'users',
  version: 2,
  schema: z.object({ name: z.string(), born: z.int() }),
  migrations: { 1: ({ name, age }) => ({ name, born: 2026 - age }) },
  down: { 2: ({ name, born }) => ({ name, age: 2026 - born }) },
})
const UsersV3 = defineState({
  name: 'users',
  version: 3,
  schema: z.object({ first: z.string(), last: z.string(), born: z.int() }),
  migrations: {
    1: ({ name, age }) => ({ name, born: 2026 - age }),
    2: ({ name, born }) => ({ first: name.split(' ')[0], last: name.split(' ')[1], born }),
  },
  down: {
    3: ({ first, last, born }) => ({ name: `${first} ${last}`, born }),
    2: ({ name, born }) => ({ name, age: 2026 - born }),
  },
})

const v1 = { name: 'Ada Lovelace', age: 36 }
const v3 = { first: 'Ada', last: 'Lovelace', born: 1990 }

const refusal = (code: string, message: string) =>
  expect.objectContaining({ code, message: expect.stringContaining(message) })

test('an older version is migrated, one step after the other', async () => {
  expect(await UsersV3.decode(UsersV1.encode(v1))).toEqual(v3)
})

test('an older reader gets its version, if the definition has down migrations', async () => {
  expect(await UsersV1.decode(UsersV3.encode(v3, { readerVersion: 1 }))).toEqual(v1)
  expect(await UsersV2.decode(UsersV3.encode(v3, { readerVersion: 2 }))).toEqual({
    name: v1.name,
    born: 1990,
  })
})

test('a newer reader gets the old version, and migrates it', async () => {
  expect(await UsersV3.decode(UsersV1.encode(v1, { readerVersion: 3 }))).toEqual(v3)
})

test('a version from the future is refused, at either end', async () => {
  await expect(UsersV1.decode(UsersV3.encode(v3))).rejects.toThrow(
    refusal('ERR_STATE_TOO_NEW', 'version 3 of users is newer than version 1'),
  )
  const OneWay = defineState({ name: 'users', version: 3, schema: z.any(), down: { 3: (value) => value } })
  expect(() => OneWay.encode(v3, { readerVersion: 1 })).toThrow(
    refusal('ERR_STATE_TOO_NEW', 'Add a down migration from version 2'),
  )
})

test('a version without a migration is refused', async () => {
  const Later = defineState({
    name: 'users',
    version: 3,
    schema: z.any(),
    migrations: { 2: (value) => value },
  })
  await expect(Later.decode(UsersV1.encode(v1))).rejects.toThrow(
    refusal('ERR_STATE_TOO_OLD', 'Add a migration from version 1'),
  )
})

test('a migration that throws is distinguished from damage', async () => {
  const cause = new TypeError('no age')
  const Later = defineState({
    name: 'users',
    version: 2,
    schema: z.any(),
    migrations: {
      1: () => {
        throw cause
      },
    },
  })
  await expect(Later.decode(UsersV1.encode(v1))).rejects.toMatchObject({
    code: 'ERR_STATE_MIGRATION_FAILED',
    message: expect.stringContaining('from version 1 to 2 failed: TypeError: no age'),
    cause,
  })
})

test('a migration that returns a promise says so', async () => {
  const Later = defineState({
    name: 'users',
    version: 2,
    schema: z.any(),
    migrations: { 1: () => Promise.reject(new Error('unheard')) },
  })
  await expect(Later.decode(UsersV1.encode(v1))).rejects.toThrow(
    refusal('ERR_STATE_MIGRATION_FAILED', 'from version 1 to 2 returned a promise. It must return the value'),
  )
})

test('what comes out of a migration is checked by the schema', async () => {
  const Later = defineState({
    name: 'users',
    version: 2,
    schema: z.object({ born: z.int() }),
    migrations: { 1: () => ({}) },
  })
  await expect(Later.decode(UsersV1.encode(v1))).rejects.toThrow(refusal('ERR_STATE_INVALID', 'state.born: '))
})

test('the items of a stream are migrated one by one', async () => {
  const schema = z.object({ id: z.int() })
  const V1 = defineStateStream({ name: 'ids', version: 1, schema: z.int() })
  const V2 = defineStateStream({
    name: 'ids',
    version: 2,
    schema,
    migrations: { 1: (id) => ({ id }) },
    down: { 2: ({ id }) => id },
  })
  const up: unknown[] = []
  for await (const item of V2.decode(V1.encode([1, 2]))) up.push(item)
  expect(up).toEqual([{ id: 1 }, { id: 2 }])
  const down: unknown[] = []
  for await (const item of V1.decode(V2.encode([{ id: 3 }], { readerVersion: 1 }))) down.push(item)
  expect(down).toEqual([3])
})

test('compatibility() returns what a definition can do with a version', () => {
  const accepting = { name: 'users', version: 4, migrations: { 3: (v: unknown) => v, 2: (v: unknown) => v } }
  const answer = (name: string, version: number) => compatibility({ name, version }, accepting)
  expect(answer('users', 4)).toEqual({ type: 'same' })
  expect(answer('users', 2)).toEqual({ type: 'migrate', through: [2, 3] })
  expect(answer('users', 5)).toEqual({ type: 'too-new' })
  expect(answer('users', 1)).toEqual({ type: 'too-old', missing: 1 })
  expect(answer('others', 4)).toEqual({ type: 'foreign' })
  expect(UsersV3.compatibility(UsersV1)).toEqual({ type: 'migrate', through: [1, 2] })
})

test.each([
  [{ name: '' }, 'the name'],
  [{ name: undefined }, 'the name of a state is a string of 1 to 255 bytes, not undefined'],
  [{ name: 'x'.repeat(256) }, 'the name'],
  [{ version: 0 }, 'the version'],
  [{ version: 1.5 }, 'the version'],
  [{ version: 2 ** 32 }, 'the version'],
  [{ migrations: { 2: String } }, 'migrations[2] is never used'],
  [{ down: { 1: String } }, 'down[1] is never used'],
  [{ migrations: { 1: 'up' } }, "migrations[1] is not a function: 'up'"],
  [{ migrations: { 1: undefined } }, 'migrations[1] is not a function: undefined'],
  [{ migrations: { 1: async () => 1 } }, 'migrations[1] is asynchronous'],
  [{ down: { 2: async () => 1 } }, 'down[2] is asynchronous'],
  [{ migration: { 1: String } }, 'defineState() has no option "migration". Did you mean "migrations"?'],
  [{ maxBytes: 0 }, 'maxBytes'],
  [{ maxBytes: Infinity }, 'maxBytes'],
])('a definition with %o is refused', (wrong, message) => {
  const options = { name: 'x', version: 2, schema: z.any(), ...wrong } as Parameters<typeof defineState>[0]
  expect(() => defineState(options)).toThrow(refusal('ERR_INVALID_ARGUMENT', message))
})

test.each([
  [{ maxBytes: Number.NaN }, 'maxBytes is a number of bytes from 1 to'],
  [{ maxItemBytes: 0 }, 'maxItemBytes is a number of bytes from 1 to'],
  [{ maxBites: 1 }, 'defineStateStream() has no option "maxBites". Did you mean "maxBytes"?'],
])('a definition of a stream with %o is refused', (wrong, message) => {
  const options = { name: 'x', version: 2, schema: z.any(), ...wrong }
  expect(() => defineStateStream(options)).toThrow(refusal('ERR_INVALID_ARGUMENT', message))
})

test('a migration for an older reader may change what it gets, and the program keeps its state', async () => {
  const live = {
    list: [{ port: 1 }],
    byName: new Map([['a', { port: 2 }]]),
    names: new Set(['a']),
    __proto__: null,
    extra: { a: 1 },
  }
  const Current = defineState({
    name: 'live',
    version: 2,
    schema: z.any(),
    down: {
      2: (state) => {
        state.list[0].port = 'changed'
        state.list.push(1)
        state.byName.get('a').port = 'changed'
        state.names.clear()
        delete state.extra
        return state
      },
    },
  })
  const before = structuredClone(live)
  const encoded = Current.encode(live, { readerVersion: 1 })
  expect(structuredClone(live)).toEqual(before)
  const Older = defineState({ name: 'live', version: 1, schema: z.any() })
  expect(await Older.decode(encoded)).toEqual({
    list: [{ port: 'changed' }, 1],
    byName: new Map([['a', { port: 'changed' }]]),
    names: new Set(),
  })
})

test('what a migration gets is refused as without it, and externals stay what they are', () => {
  const socket = { fd: 3 }
  const isExternal = (value: unknown): value is typeof socket => value === socket
  const given: unknown[] = []
  const Current = defineState({
    name: 'live',
    version: 2,
    schema: z.any(),
    down: { 2: (state) => given.push(state.socket) && state },
  })
  const encode = (more: object) => Current.encode({ socket, ...more }, { readerVersion: 1, isExternal })
  expect(encode({}).externals).toEqual([socket])
  expect(given[0]).toBe(socket)
  const circle: Record<string, unknown> = {}
  circle.self = circle
  for (const wrong of [
    { a: new Array(1) },
    { a: Object.assign([], { hits: 1 }) },
    { a: new URL('http://x') },
    { circle },
  ])
    expect(() => encode(wrong)).toThrow(expect.objectContaining({ code: 'ERR_STATE_NOT_ENCODABLE' }))
})
