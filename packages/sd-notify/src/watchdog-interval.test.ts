import { expect, it } from 'vitest'
import { watchdogIntervalMs } from './index.ts'

it('is what the manager requires of this process', () => {
  expect(watchdogIntervalMs({ WATCHDOG_USEC: '20000500', WATCHDOG_PID: String(process.pid) })).toBe(20_000.5)
  expect(watchdogIntervalMs({ WATCHDOG_USEC: '1000' })).toBe(1)
})

it('is undefined if the manager requires nothing, or requires it of another process', () => {
  expect(watchdogIntervalMs({})).toBeUndefined()
  expect(watchdogIntervalMs({ WATCHDOG_PID: String(process.pid) })).toBeUndefined()
  expect(watchdogIntervalMs({ WATCHDOG_USEC: '1000', WATCHDOG_PID: String(process.ppid) })).toBeUndefined()
})

it.each([
  { WATCHDOG_USEC: '' },
  { WATCHDOG_USEC: '0' },
  { WATCHDOG_USEC: '20s' },
  { WATCHDOG_USEC: '-1' },
  { WATCHDOG_USEC: '1000', WATCHDOG_PID: 'me' },
])('says what is wrong in %j', (env) => {
  expect(() => watchdogIntervalMs(env)).toThrow(expect.objectContaining({ code: 'ERR_INVALID_ENVIRONMENT' }))
})
