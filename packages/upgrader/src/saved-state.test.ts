import { defineState, defineStateStream } from '@shellflip/state-serialization'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { type AnyFlipOptions, normalizeOptions } from './flip-options.ts'
import { savedState } from './saved-state.ts'

const schema = z.object({ kind: z.enum(['a', 'b']), n: z.number().nullable() })
const One = defineState({ name: 'one', version: 1, schema })
const Many = defineStateStream({ name: 'many', version: 1, schema })

const invalid = (message: string) =>
  expect.objectContaining({ code: 'ERR_INVALID_ARGUMENT', message: expect.stringContaining(message) })

test.each<[string, object]>([
  ['state must be what defineState() or defineStateStream() returns', { state: schema, save: () => 1 }],
  [
    'state must be what defineState() or defineStateStream() returns',
    { state: { ...One, encodeTo: undefined }, save: () => 1 },
  ],
  ['save must be a function, not an object', { state: One, save: { kind: 'a' } }],
  ['save() must return the state, not a promise', { state: One, save: async () => 1 }],
  ['save() must return the state, not a promise', { state: Many, save: async () => [1] }],
  ['save must return one value, not yield items. Use defineStateStream()', { state: One, *save() {} }],
  ['save must return one value, not yield items. Use defineStateStream()', { state: One, async *save() {} }],
])('%s: at the start, not at the first upgrade', (message, options) => {
  expect(() => normalizeOptions(options as AnyFlipOptions)).toThrow(invalid(message))
})

test.each<[string, object]>([
  ['no state', {}],
  ['one value', { state: One, save: () => 1 }],
  ['one value of a definition that wraps another', { state: { ...One }, save: () => 1 }],
  ['items', { state: Many, save: () => [] }],
  ['items that are yielded', { state: Many, *save() {} }],
  ['items that are yielded in time', { state: Many, async *save() {} }],
])('%s can be saved', (_, options) => {
  expect(() => normalizeOptions(options)).not.toThrow()
})

test('what save() returns is checked when it is called', () => {
  const reject = () => Promise.reject(new Error('unheard'))
  const value = savedState({ state: One, save: reject })
  expect(() => value && 'value' in value && value.value).toThrow(invalid('not a promise'))
  const items = (save: () => unknown) => () => {
    const state = savedState({ state: Many, save })
    return state && 'items' in state && state.items
  }
  expect(items(reject)).toThrow(invalid('not a promise'))
  expect(items(() => 1)).toThrow(invalid('save() must return an iterable of items'))
  expect(items(() => new Set([1]))()).toEqual(new Set([1]))
  // biome-ignore lint/suspicious/noThenProperty: queries of databases are such objects
  const thenable = { then: () => {} }
  expect(items(() => thenable)).toThrow(invalid('not a promise'))
})

test.each([
  [new Error('no database'), 'save() failed: no database'],
  ['text', 'save() failed: text'],
  [undefined, 'save() failed: undefined'],
])('what save() throws, %s, is reported as its failure', (thrown, message) => {
  const state = savedState({
    state: One,
    save: () => {
      throw thrown
    },
  })
  expect(() => state && 'value' in state && state.value).toThrow(message)
})
