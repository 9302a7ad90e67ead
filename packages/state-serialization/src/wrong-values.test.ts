import { readFileSync, writeFileSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { temporaryFolder } from '@shellflip/testing'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { compatibility } from './compatibility.ts'
import { defineState } from './define-state.ts'
import { defineStateStream } from './define-state-stream.ts'
import { fromFile, toFile } from './state-file.ts'
import { toBuffer } from './to-buffer.ts'

/** Values that JavaScript can pass and TypeScript refuses. */
const given = (value: unknown) => value as never
const definition = {
  name: 'wrong',
  version: 3,
  schema: z.any(),
  down: { 3: (x: unknown) => x, 2: (x: unknown) => x },
}
const State = defineState(definition)
const Items = defineStateStream(definition)
const encoded = await toBuffer(State.encode(1))

const noOptions = [null, 5, 'x', [], () => {}, new Map([['readerVersion', 1]]), Promise.resolve({})]
const noIterables = [undefined, null, 5, {}, () => {}, Promise.resolve([])]
const noChunks = ['text', ['text'], [5], new Uint16Array(2), new Array(1)]
const noFiles = [undefined, null, -1, 1.5, NaN, 2 ** 31, '5', {}, [], true]

test.each<[string, readonly unknown[], (value: never) => unknown]>([
  ['options of encode()', [...noOptions, { readerversion: 1 }], (options) => State.encode(1, options)],
  ['checksBytes', [null, 1, 'no'], (checksBytes) => State.encode(1, { checksBytes })],
  ['reusesChunks', [null, 1], (reusesChunks) => Items.encode([], { reusesChunks })],
  ['write of encodeTo()', [undefined, null, 5, {}], (write) => State.encodeTo(write, 1)],
  ['options of a stream', [...noOptions, { external: () => {} }], (options) => Items.encode([], options)],
  [
    'readerVersion',
    [null, NaN, 0, -1, 1.5, '2', 2n, {}, Infinity, 2 ** 32],
    (readerVersion) => State.encode(1, { readerVersion }),
  ],
  ['isExternal', [null, true, {}], (isExternal) => State.encode(1, { isExternal })],
  ['options of decode()', [...noOptions, { external: [] }], (options) => State.decode(encoded, options)],
  ['externals', [5, 'x', {}, new Set()], (externals) => State.decode(encoded, { externals })],
  ['a source', [...noIterables, ...noChunks], (source) => State.decode(source)],
  ['items', noIterables, (items) => Items.encode(items)],
  ['what toBuffer() takes', [...noIterables, ...noChunks, encoded], toBuffer],
  ['a file to write', noFiles, (file) => toFile(file, State.encode(1))],
  ['a file to read', noFiles, async (file) => fromFile(file)],
  ['an identity', [undefined, null, 'x', {}, { name: 'wrong' }], (found) => State.compatibility(found)],
  ['a version', [0, NaN, '1', 1.5], (version) => State.compatibility({ name: 'wrong', version })],
  [
    'a definition',
    [undefined, null, {}],
    (accepting) => compatibility({ name: 'wrong', version: 1 }, accepting),
  ],
  [
    'migrations',
    [null, 5, true, [], new Map([[1, () => 1]])],
    (migrations) => defineState({ ...definition, migrations }),
  ],
  [
    'a version of a migration',
    ['01', '1.0', ' 1', '+1', '1e0'],
    (key) => defineState({ ...definition, migrations: { [key]: () => 1 } }),
  ],
])('%s that is wrong is an error', async (_, values, act) => {
  for (const value of values) {
    const failure = await (async () => act(given(value)))().then(
      () => 'succeeded',
      ({ code }) => code,
    )
    expect([value, failure]).toEqual([value, 'ERR_INVALID_ARGUMENT'])
  }
})

test('a file keeps its content when what is to be written is wrong', async () => {
  using folder = temporaryFolder()
  const path = folder.join('state')
  writeFileSync(path, 'content')
  await using file = await open(path, 'r+')
  await expect(toFile(file, given(undefined))).rejects.toMatchObject({ code: 'ERR_INVALID_ARGUMENT' })
  expect(readFileSync(path, 'utf8')).toBe('content')
})

test('bytes in place of what encode() returns do not become an empty file', async () => {
  using folder = temporaryFolder()
  await using file = await open(folder.join('state'), 'w+')
  await expect(toFile(file, given(encoded))).rejects.toMatchObject({ code: 'ERR_INVALID_ARGUMENT' })
})
