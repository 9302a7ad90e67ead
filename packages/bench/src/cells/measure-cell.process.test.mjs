import { readdirSync } from 'node:fs'
import { temporaryFolder, waitFor } from '@shellflip/testing'
import { expect, test, vi } from 'vitest'
import { LoadProcess } from '../load/load-process.mjs'
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

test('a reload is triggered when the service is ready for it, and the wait is counted apart', async () => {
  const order = []
  const { cut } = LoadProcess.prototype
  const cutting = vi.spyOn(LoadProcess.prototype, 'cut').mockImplementation(function () {
    order.push('cut')
    return cut.call(this)
  })
  try {
    const row = await measure(
      breakingPeer({ readyToReload: async () => order.push('ready'), onReload: () => order.push('reload') }),
    )
    expect(row.problem).toBeUndefined()
    const reload = ['ready', 'cut', 'reload', 'cut']
    expect(order).toEqual(['cut', 'cut', ...reload, ...reload])
  } finally {
    cutting.mockRestore()
  }
})

test('a peer that does not start is a row with the reason', async () => {
  const peer = { name: 'dead', start: () => Promise.reject(new Error('no such program')) }
  expect(await measure(peer)).toEqual({ problem: 'no such program', reloads: [] })
})

test('a service that starts too late is a row with the reason, and is stopped', async () => {
  const stop = vi.fn()
  let started
  const starting = new Promise((resolve) => (started = () => resolve({ stop })))
  const short = { ...options, limits: { ...limits, startMs: 50 } }
  const row = await measure({ name: 'late', start: () => starting }, { options: short })
  expect(row).toEqual({ problem: 'the start took more than 0.05 s', reloads: [] })
  started()
  await waitFor(() => stop.mock.calls.length === 1)
})

test('a load client that dies before its last counts is a problem of the row', async () => {
  const { stop } = LoadProcess.prototype
  const dying = vi.spyOn(LoadProcess.prototype, 'stop').mockImplementation(function () {
    process.kill(this.pid, 'SIGKILL')
    return stop.call(this)
  })
  try {
    const row = await measure(breakingPeer())
    expect(row.problem).toBe('the load client ended with SIGKILL')
    expect(row.reloads).toHaveLength(2)
  } finally {
    dying.mockRestore()
  }
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
