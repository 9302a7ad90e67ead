import { spawnSync } from 'node:child_process'
import { existsSync, renameSync, rmSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { waitFor } from '@shellflip/testing'
import { describe, expect, it } from 'vitest'
import { ask } from './ask.ts'
import { testServer, words } from './testing/test-server.ts'

const echo = (path: string) => ask({ path, protocol: words, request: { ask: 'here?' } })

describe('a control server with restorePath', () => {
  it.each([
    ['the socket', (path: string) => rmSync(path)],
    ['its folder', (path: string) => void spawnSync('rm', ['-rf', dirname(path)])],
  ])('listens again after a sweeper removed %s, as often as that happens', async (_what, remove) => {
    await using place = await testServer({ restorePath: true })
    for (const times of [1, 2, 3]) {
      remove(place.path)
      const restored = () => place.events.filter(({ type }) => type === 'path-restored').length
      await waitFor(() => restored() >= times)
      expect(await echo(place.path)).toEqual({ say: 'here?' })
      expect(statSync(place.path).mode & 0o777).toBe(0o600)
    }
    await place.server.close()
    expect(existsSync(place.path)).toBe(false)
  })

  it('continues the conversations that it had', async () => {
    let answer: ((said: { say: string }) => void) | undefined
    await using place = await testServer({
      restorePath: true,
      answer: () =>
        new Promise((resolve) => {
          answer = resolve
        }),
    })
    const asking = echo(place.path)
    await waitFor(() => answer)
    rmSync(place.path)
    await waitFor(() => place.events.some(({ type }) => type === 'path-restored'))
    answer?.({ say: 'late' })
    expect(await asking).toEqual({ say: 'late' })
  })

  it('leaves the path to another process that listens there, says so once, and claims it when it is free', async () => {
    await using place = await testServer({ restorePath: true })
    const other = await testServer()
    renameSync(other.path, place.path)
    await waitFor(() => place.events.some(({ type }) => type === 'path-lost'))
    expect(await echo(place.path)).toEqual({ say: 'here?' })
    expect(place.events.some(({ type }) => type === 'path-restored')).toBe(false)
    await other[Symbol.asyncDispose]()
    await waitFor(() => place.events.some(({ type }) => type === 'path-restored'))
    expect(await echo(place.path)).toEqual({ say: 'here?' })
    expect(place.events.filter(({ type }) => type === 'path-lost')).toHaveLength(1)
  })
})

describe('a control server without restorePath', () => {
  it('has no watch on its path', async () => {
    await using place = await testServer()
    rmSync(place.path)
    await expect(echo(place.path)).rejects.toMatchObject({ code: 'ERR_NOBODY_THERE' })
    expect(place.events).toEqual([])
  })
})
