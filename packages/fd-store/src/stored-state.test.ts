import { writeSync } from 'node:fs'
import { memfd } from '@shellflip/fd-passing'
import { defineState, defineStateStream, toBuffer } from '@shellflip/state-serialization'
import { openFds } from '@shellflip/testing'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { readStoredState } from './stored-state.ts'

const Sessions = defineState({ name: 'sessions', version: 1, schema: z.map(z.string(), z.int()) })
const Events = defineStateStream({ name: 'events', version: 1, schema: z.int() })
const sessions = new Map([['first', 1]])

/** Starts a service with this in the store. Returns what it finds, and the events of what was discarded. */
async function found(bytes: Uint8Array, definition: typeof Sessions | typeof Events = Sessions) {
  using fd = memfd('state')
  writeSync(fd.fd, bytes)
  const discarded: unknown[] = []
  const state = await readStoredState(fd, definition as typeof Sessions, (error) => discarded.push(error))
  return { state, discarded }
}

describe.runIf(process.platform === 'linux')('a state in the store', () => {
  test('is read from its beginning, whatever the position of the descriptor', async () => {
    expect(await found(await toBuffer(Sessions.encode(sessions)))).toEqual({ state: sessions, discarded: [] })
  })

  test('that is cut anywhere is not used', async () => {
    const whole = await toBuffer(Sessions.encode(sessions))
    for (let length = 0; length < whole.length; length++) {
      const { state, discarded } = await found(whole.subarray(0, length))
      expect({ length, state, discarded }).toEqual({
        length,
        state: undefined,
        discarded: [expect.any(Error)],
      })
    }
  })

  test('that is changed anywhere is not used', async () => {
    const whole = await toBuffer(Sessions.encode(sessions))
    for (let at = 0; at < whole.length; at++) {
      const changed = Buffer.from(whole)
      changed.writeUInt8(changed.readUInt8(at) ^ 1, at)
      const { state, discarded } = await found(changed)
      expect({ at, state, discarded }).toEqual({ at, state: undefined, discarded: [expect.any(Error)] })
    }
  })

  test('of items is yielded if all of it is whole, and else none of it', async () => {
    const whole = await toBuffer(Events.encode([1, 2, 3]))
    const before = openFds().size
    const { state } = await found(whole, Events)
    const items: number[] = []
    for await (const item of state as AsyncIterable<number>) items.push(item)
    expect(items).toEqual([1, 2, 3])
    const { state: again } = await found(whole, Events)
    for await (const _ of again as AsyncIterable<number>) break
    expect(openFds().size).toBe(before)
    expect(await found(whole.subarray(0, -1), Events)).toEqual({
      state: undefined,
      discarded: [expect.any(Error)],
    })
  })
})
