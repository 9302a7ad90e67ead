import { fstatSync, ftruncateSync, utimesSync, writeSync } from 'node:fs'
import { text } from 'node:stream/consumers'
import { memfd, type OwnedFd } from '@shellflip/fd-passing'
import { openFds, waitFor } from '@shellflip/testing'
import { describe, expect, test } from 'vitest'
import type { FromRust } from './rust-predecessor.ts'
import { readRustState } from './rust-stored-state.ts'

/** A memfd as an instance of the Rust crate leaves it: the bytes of the application, and the offset behind them. */
function rustMemfd(bytes: string, age: number): OwnedFd {
  const fd = memfd('shellflip_restart')
  if (bytes !== '') writeSync(fd.fd, bytes)
  const time = Date.now() / 1000 - age
  utimesSync(`/proc/self/fd/${fd.fd}`, time, time)
  return fd
}

/** How many descriptors of these memfds are open. */
function openMemfds(): number {
  return [...openFds().values()].filter((target) => target.includes('shellflip_restart')).length
}

async function read(fds: OwnedFd[], fromRust?: FromRust, form: 'value' | 'items' = 'value') {
  const discarded: unknown[] = []
  const state = await readRustState(fds, form, fromRust, (error) => discarded.push(error))
  expect(fds.every(({ closed }) => closed)).toBe(true)
  return { state, discarded }
}

describe.runIf(process.platform === 'linux')('the state that an instance of the Rust crate stored', () => {
  test('is read from the beginning, byte for byte', async () => {
    const bytes = '\0\u00ff41\n'
    expect(await read([rustMemfd(bytes, 0)], text)).toEqual({ state: bytes, discarded: [] })
  })

  test('is that of the last instance', async () => {
    const fds = [rustMemfd('40', 20), rustMemfd('42', 10), rustMemfd('39', 30)]
    expect(await read(fds, text)).toEqual({ state: '42', discarded: [] })
  })

  test('is none if the last instance crashed', async () => {
    const crashed = rustMemfd('', 0)
    expect(await read([rustMemfd('40', 20), crashed], text)).toEqual({ state: undefined, discarded: [] })
  })

  test('has zeros in front where the crate has failed before, as it wrote them', async () => {
    const fd = memfd('shellflip_restart')
    writeSync(fd.fd, 'half')
    ftruncateSync(fd.fd, 0)
    writeSync(fd.fd, '41')
    expect(fstatSync(fd.fd).size).toBe(6)
    expect(await read([fd], text)).toEqual({ state: '\0\0\0\x0041', discarded: [] })
  })

  test('is discarded, with the reason, if it cannot be decoded', async () => {
    const fromRust = async () => {
      throw new Error('not a count')
    }
    const { state, discarded } = await read([rustMemfd('many', 0)], fromRust)
    expect(state).toBeUndefined()
    expect(discarded).toEqual([new Error('not a count')])
  })

  test.each<[string, FromRust]>([
    ['throws at once', () => Promise.reject(new Error('not today'))],
    ['ignores its bytes', () => 41],
    ['reads a part', async (bytes) => (await bytes[Symbol.asyncIterator]().next()).value.length],
    ['returns something else than items', () => undefined],
  ])('is closed if fromRust %s', async (_, fromRust) => {
    for (const form of ['value', 'items'] as const) await read([rustMemfd('41', 0)], fromRust, form)
    await waitFor(() => openMemfds() === 0)
  })

  test('of items is read as they are wanted, and then closed', async () => {
    async function* split(bytes: AsyncIterable<Buffer>) {
      for await (const chunk of bytes) yield* `${chunk}`.split(';')
    }
    for (const fromRust of [split, () => ['1', '2']] satisfies FromRust[]) {
      const { state } = await read([rustMemfd('1;2', 0)], fromRust, 'items')
      expect(openMemfds()).toBe(1)
      const items: string[] = []
      for await (const item of state as AsyncIterable<string>) items.push(item)
      expect(items).toEqual(['1', '2'])
      await waitFor(() => openMemfds() === 0)
    }
  })

  test('is discarded if nothing decodes it', async () => {
    const { state, discarded } = await read([rustMemfd('41', 0)])
    expect(state).toBeUndefined()
    expect(discarded).toMatchObject([{ message: expect.stringContaining('Set fromRust to read it') }])
  })
})
