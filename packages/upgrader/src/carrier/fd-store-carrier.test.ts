import { type FdStore, FdStoreError } from '@shellflip/fd-store'
import { defineState } from '@shellflip/state-serialization'
import { expect, test, vi } from 'vitest'
import { z } from 'zod'
import type { CarryOptions } from './carrier.ts'
import { FdStoreCarrier } from './fd-store-carrier.ts'

const never = new AbortController().signal
const state = { definition: defineState({ name: 'count', version: 1, schema: z.int() }), value: 1 }

/** Carries through a store that behaves as told, and tells whether the saved state was dropped. */
async function carry(store: Partial<FdStore>, options: Partial<CarryOptions> = {}) {
  const dropState = vi.fn(async () => {})
  const complete = {
    keepSockets: async () => {},
    saveState: async () => {},
    settled: async () => {},
    dropState,
    ...store,
  }
  const result = await new FdStoreCarrier(complete as unknown as FdStore).carry({
    offer: { version: '1', sockets: [], state },
    readyTimeoutMs: 60_000,
    signal: never,
    ...options,
  } as CarryOptions)
  return { result, isDropped: dropState.mock.calls.length > 0 }
}

test('all of it is in the store', async () => {
  expect(await carry({})).toEqual({ result: { type: 'stored' }, isDropped: false })
})

test.each([
  ['system', new FdStoreError('ERR_NO_FD_STORE', 'too few')],
  ['state', new TypeError('save() failed')],
] as const)('a failure of the %s keeps the service here, and drops what was saved', async (type, error) => {
  const saveState = () => Promise.reject(error)
  expect(await carry({ saveState })).toEqual({
    result: { type: 'failed', failure: { type, error } },
    isDropped: true,
  })
})

test('a state that never ends fails at the limit', async () => {
  const saveState = () => new Promise<never>(() => {})
  expect(await carry({ saveState }, { readyTimeoutMs: 1 })).toMatchObject({
    result: { failure: { type: 'state', error: { message: 'it could not be saved within 1 ms' } } },
  })
})

test('a stop aborts it', async () => {
  const stop = new AbortController()
  const saveState = () => {
    stop.abort()
    return new Promise<never>(() => {})
  }
  expect(await carry({ saveState }, { signal: stop.signal })).toEqual({
    result: { type: 'failed', failure: { type: 'aborted' } },
    isDropped: true,
  })
})
