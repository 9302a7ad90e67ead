import { readdirSync } from 'node:fs'
import { temporaryFolder } from '@shellflip/testing'
import { expect, test, vi } from 'vitest'
import { measureCell } from './measure-cell.mjs'
import { breakingPeer } from './testing/breaking-peer.mjs'

const shape = { name: 'K8', family: 'K', load: { clients: 'requests', connections: 8, thinkMs: 1 } }
const limits = { settledMs: 50 }
const options = { reloads: 2, warmUpMs: 50, baseMs: 100, intervalMs: 100, limits }

const measure = (peer, more) =>
  measureCell({ peer, shape, certificate: {}, signal: new AbortController().signal, options, ...more })

test('a peer that breaks nothing has zeros', async () => {
  const row = await measure(breakingPeer())
  expect(row.problem).toBeUndefined()
  expect(row.withReloads).toMatchObject({ failed: 0, failures: {}, reconnects: 0, closedIdle: 0, cut: 0 })
  expect(row.reloads).toHaveLength(2)
  for (const { onlyNewMs, firstNewMs } of row.reloads) expect(onlyNewMs).toBeGreaterThanOrEqual(firstNewMs)
  expect(row.base.ok).toBeGreaterThan(0)
  expect(row.base.usage.client.rss).toBeGreaterThan(1)
  expect(row.base.usage.elsewhereCpu).toBeGreaterThanOrEqual(0)
})

test('what a reload breaks is counted with that reload', async () => {
  const row = await measure(breakingPeer({ resets: 3 }))
  const lost = ({ failed, closedIdle }) => failed + closedIdle
  expect(row.base).toMatchObject({ failed: 0, closedIdle: 0 })
  expect(row.reloads.map(lost)).toEqual([3, 3])
  expect(lost(row.withReloads)).toBe(6)
  expect(row.withReloads.reconnects).toBe(6)
})

test.each([
  ['hangs', { onReload: () => new Promise(() => {}) }, 'reload 1 took more than 0.2 s'],
  ['fails', { onReload: () => Promise.reject(new Error('cannot\nreload')) }, 'cannot reload'],
  ['changes nothing', { renews: false }, 'no new generation answered within 0.3 s'],
])('a peer whose reload %s is a row with the reason', async (_, behaviour, problem) => {
  const short = { ...options, limits: { ...limits, reloadMs: 200, onlyNewMs: 200 } }
  const row = await measure(breakingPeer(behaviour), { options: short })
  expect(row).toMatchObject({ problem, reloads: [] })
  expect(row.base.ok).toBeGreaterThan(0)
})

test('a peer that does not start is a row with the reason', async () => {
  const peer = { name: 'dead', start: () => Promise.reject(new Error('no such program')) }
  expect(await measure(peer)).toEqual({ problem: 'no such program', reloads: [] })
})

test('an abort ends the measurement, and leaves no folder', async () => {
  const folder = temporaryFolder()
  vi.stubEnv('TMPDIR', folder.path)
  try {
    const controller = new AbortController()
    const ended = measure(breakingPeer(), { signal: controller.signal })
    controller.abort(new Error('enough'))
    await expect(ended).rejects.toThrow('enough')
    expect(readdirSync(folder.path)).toEqual([])
  } finally {
    vi.unstubAllEnvs()
    folder[Symbol.dispose]()
  }
})
