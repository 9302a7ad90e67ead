import { fstatSync } from 'node:fs'
import type { OwnedFd } from '@shellflip/fd-passing'
import type { Notifier } from '@shellflip/sd-notify'
import { defineState, defineStateStream } from '@shellflip/state-serialization'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { FdStore } from './fd-store.ts'
import { readStoredState } from './stored-state.ts'

const Sessions = defineState({ name: 'sessions', version: 1, schema: z.map(z.string(), z.int()) })
const Events = defineStateStream({ name: 'events', version: 1, schema: z.string() })

/** A store under a manager that keeps copies, as systemd does. */
function openStore() {
  const kept = new Map<string, OwnedFd>()
  const sent = async () => ({ type: 'sent' }) as const
  const manager = {
    hasManager: true,
    storeFd: async (name: string, [fd]: readonly OwnedFd[]) => {
      if (fd !== undefined) kept.set(name, fd.dup())
      return sent()
    },
    removeFd: async (name: string) => {
      kept.get(name)?.close()
      kept.delete(name)
      return sent()
    },
    barrier: sent,
  }
  const store = FdStore.open(manager as unknown as Notifier, { FDSTORE: '8' }, new Map())
  return {
    store,
    kept,
    [Symbol.dispose]: () => {
      for (const fd of kept.values()) fd.close()
    },
  }
}

describe.runIf(process.platform === 'linux')('a state that is saved', () => {
  test('is stored whole under its name, and reports its progress', async () => {
    using opened = openStore()
    let steps = 0
    const value = new Map([['first', 1]])
    const onProgress = () => {
      steps += 1
    }
    await opened.store.saveState({ definition: Sessions, value }, { onProgress })
    const fd = opened.kept.get('state%3Asessions') as OwnedFd
    expect(await readStoredState(fd, Sessions, () => {})).toEqual(value)
    expect(steps).toBeGreaterThan(1)
  })

  test('of many chunks is stored once all of it is written', async () => {
    using opened = openStore()
    const items = Array.from({ length: 5 }, (_, index) => String(index).repeat(150_000))
    await opened.store.saveState({ definition: Events, items })
    const fd = opened.kept.get('state%3Aevents') as OwnedFd
    expect(fstatSync(fd.fd).size).toBeGreaterThan(5 * 150_000)
    const read: string[] = []
    for await (const item of (await readStoredState(fd, Events, () => {})) as AsyncIterable<string>) {
      read.push(item)
    }
    expect(read).toEqual(items)
  })

  test('is not stored if it cannot be encoded to its end', async () => {
    using opened = openStore()
    const items = (async function* () {
      yield 'x'.repeat(300_000)
      throw new Error('the database is gone')
    })()
    await expect(opened.store.saveState({ definition: Events, items })).rejects.toThrow()
    expect(opened.kept.size).toBe(0)
  })

  test('is not stored if the signal ends the saving, which rejects with its reason', async () => {
    using opened = openStore()
    const controller = new AbortController()
    const reason = new Error('too late')
    const items = (async function* () {
      yield 'x'.repeat(300_000)
      controller.abort(reason)
      yield 'y'.repeat(300_000)
    })()
    const { signal } = controller
    await expect(opened.store.saveState({ definition: Events, items }, { signal })).rejects.toBe(reason)
    expect(opened.kept.size).toBe(0)
  })
})
