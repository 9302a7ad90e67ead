import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { LaunchCommand } from '../command/launch-command.ts'
import { type KeeperEvent, SuccessorKeeper } from './successor-keeper.ts'

function useLoop(utilization: number): void {
  const used = { utilization, idle: 0, active: 0 }
  vi.spyOn(performance, 'eventLoopUtilization').mockReturnValue(used)
}

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  useLoop(0.1)
})
afterEach(() => {
  vi.restoreAllMocks()
  vi.useRealTimers()
})

const command: LaunchCommand = { file: process.execPath, args: ['server.js'], cwd: '/', env: new Map() }

/** A keeper that can start nothing, and what it reports. */
function keep(launch: () => LaunchCommand = () => command) {
  const events: KeeperEvent[] = []
  const start = vi.fn(() => Promise.reject(new Error('nothing starts here')))
  const keeper = new SuccessorKeeper({
    launch,
    start,
    library: '/nowhere.js',
    onEvent: (event) => events.push(event),
  })
  keeper.keep()
  return { keeper, events, start }
}

test('starts nothing in the first second, and nothing after a rest', async () => {
  const launch = vi.fn(() => command)
  const { keeper } = keep(launch)
  await vi.advanceTimersByTimeAsync(999)
  expect(launch).not.toHaveBeenCalled()
  keeper.rest()
  await vi.advanceTimersByTimeAsync(60_000)
  expect(launch).not.toHaveBeenCalled()
  expect(keeper.take()).toBeUndefined()
})

test('starts nothing while the event loop is busy, for half a minute at most', async () => {
  useLoop(0.9)
  const launch = vi.fn(() => command)
  const { keeper } = keep(launch)
  await vi.advanceTimersByTimeAsync(30_000)
  expect(launch).not.toHaveBeenCalled()
  await vi.advanceTimersByTimeAsync(1_000)
  expect(launch).toHaveBeenCalledOnce()
  keeper.rest()
})

test('starts nothing while memory is short, and looks again later and later', async () => {
  vi.spyOn(process, 'availableMemory').mockReturnValue(100 * 1024 * 1024)
  const { keeper, events, start } = keep()
  await vi.advanceTimersByTimeAsync(1_000 + 1_000 + 2_000 + 4_000)
  expect(events.map((event) => 'retryMs' in event && event.retryMs)).toEqual([1_000, 2_000, 4_000, 8_000])
  expect(events[0]).toMatchObject({ reason: 'less than 128 MiB of memory are available' })
  expect(start).not.toHaveBeenCalled()
  keeper.rest()
})

test.runIf(process.platform === 'linux')('reports once what can never be prepared', async () => {
  const { events } = keep(() => ({ ...command, file: '/bin/sh' }))
  await vi.advanceTimersByTimeAsync(600_000)
  expect(events).toEqual([{ type: 'successor-not-prepared', reason: expect.stringContaining('/bin/sh') }])
})

test('reports a start that fails, and does not end the service by it', async () => {
  const { keeper, events } = keep(() => {
    throw new Error('it came from standard input')
  })
  await vi.advanceTimersByTimeAsync(1_000)
  expect(events).toEqual([
    { type: 'successor-not-prepared', reason: 'it came from standard input', retryMs: 1_000 },
  ])
  keeper.rest()
})
