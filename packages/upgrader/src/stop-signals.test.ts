import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { type StopCause, Stops, sameStopForMs } from './stop-signals.ts'

const kill = process.kill
const sent = vi.fn<typeof process.kill>(() => true)

beforeEach(() => {
  vi.useFakeTimers()
  process.kill = sent
})

afterEach(() => {
  vi.useRealTimers()
  process.kill = kill
})

test.each<[StopCause, StopCause, number]>([
  ['SIGTERM', 'SIGTERM', 5_000],
  ['SIGINT', 'SIGTERM', 500],
  ['SIGUSR1', 'SIGTERM', 500],
  ['SIGTERM', 'call', 5_000],
  ['call', 'SIGTERM', 5_000],
  ['call', 'call', -1],
])('%s after %s is the same stop for %d ms', (cause, first, milliseconds) => {
  expect(sameStopForMs(cause, first)).toBe(milliseconds)
})

test.each<[string, number, string | number | undefined]>([
  ['by its name', process.pid, 'SIGTERM'],
  ['by its number', process.pid, 15],
  ['by default', process.pid, undefined],
  ['to its group', 0, 'SIGTERM'],
])('a signal that this process raises %s is the same stop, however late', (_, pid, signal) => {
  const stops = new Stops()
  expect(stops.isNew('SIGTERM')).toBe(true)
  vi.advanceTimersByTime(60_000)
  process.kill(pid, signal)
  expect(stops.isNew('SIGTERM'), 'raised').toBe(false)
  expect(stops.isNew('SIGTERM'), 'sent by somebody').toBe(true)
  expect(sent).toHaveBeenLastCalledWith(pid, signal)
  stops.over()
  expect(process.kill).toBe(sent)
})

test('a signal that this process sends to another one is not its own', () => {
  const stops = new Stops()
  stops.isNew('SIGTERM')
  vi.advanceTimersByTime(60_000)
  process.kill(process.ppid, 'SIGTERM')
  expect(stops.isNew('SIGTERM')).toBe(true)
  stops.over()
})

test('a kill() that a library imported before is noticed', () => {
  // Its signal would reach this process.
  const target = process as unknown as { _kill: (pid: number, signal: number) => number }
  const sending = vi.spyOn(target, '_kill').mockReturnValue(0)
  const replaced = target._kill
  const stops = new Stops()
  stops.isNew('SIGTERM')
  vi.advanceTimersByTime(60_000)
  kill(process.pid, 'SIGTERM')
  expect(sending).toHaveBeenCalledWith(process.pid, 15)
  expect(stops.isNew('SIGTERM')).toBe(false)
  stops.over()
  expect(target._kill).toBe(replaced)
  sending.mockRestore()
})

test('an event that the program emits is a first stop, and never a second', () => {
  const stops = new Stops()
  expect(stops.isNew('SIGINT', true)).toBe(true)
  vi.advanceTimersByTime(60_000)
  expect(stops.isNew('SIGINT', true)).toBe(false)
  expect(stops.isNew('SIGINT')).toBe(true)
  stops.over()
})
