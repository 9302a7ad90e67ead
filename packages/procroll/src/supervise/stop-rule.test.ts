import { describe, expect, it, vi } from 'vitest'
import { startRunningTime } from './running-time.ts'
import { type StopCause, StopRule, type StopVerdict } from './stop-rule.ts'

describe('StopRule', () => {
  it.each<[StopCause, StopVerdict]>([
    ['SIGTERM', 'drain'],
    ['SIGINT', 'drain'],
    ['SIGQUIT', 'drain'],
    ['SIGHUP', 'drain'],
    ['request', 'drain'],
    ['fault', 'drain'],
    ['request-now', 'cut'],
  ])('answers a first %s with %s', (cause, verdict) => {
    expect(new StopRule().judge(cause)).toBe(verdict)
  })

  it.each<[StopCause, StopCause, number, StopVerdict]>([
    ['SIGTERM', 'SIGTERM', 0, 'same'],
    ['SIGTERM', 'SIGTERM', 5_000, 'same'],
    ['SIGTERM', 'SIGTERM', 5_001, 'cut'],
    ['SIGINT', 'SIGTERM', 4_000, 'same'],
    ['SIGHUP', 'SIGTERM', 10, 'same'],
    ['request', 'SIGTERM', 10, 'same'],
    ['request', 'SIGTERM', 6_000, 'cut'],
    ['SIGINT', 'SIGINT', 500, 'same'],
    ['SIGINT', 'SIGINT', 501, 'cut'],
    ['SIGQUIT', 'SIGQUIT', 300, 'same'],
    ['SIGQUIT', 'SIGQUIT', 600, 'cut'],
    ['SIGTERM', 'SIGINT', 600, 'cut'],
    ['SIGTERM', 'SIGHUP', 60_000, 'same'],
    ['SIGTERM', 'request', 60_000, 'same'],
    ['SIGTERM', 'request-now', 0, 'cut'],
    ['fault', 'fault', 0, 'cut'],
  ])('after %s takes %s, %d ms later, as %s', (first, second, elapsedMs, verdict) => {
    let now = 0
    const rule = new StopRule(() => () => now)
    rule.judge(first)
    now = elapsedMs
    expect(rule.judge(second)).toBe(verdict)
  })

  it('counts from the first stop, not from the last repetition', () => {
    let now = 0
    const rule = new StopRule(() => () => now)
    rule.judge('SIGTERM')
    now = 4_000
    expect(rule.judge('SIGTERM')).toBe('same')
    now = 8_000
    expect(rule.judge('SIGTERM')).toBe('cut')
  })
})

describe('startRunningTime', () => {
  it('counts ticks, and stops counting beyond the limit', () => {
    vi.useFakeTimers()
    try {
      const elapsed = startRunningTime(500)
      expect(elapsed()).toBe(0)
      vi.advanceTimersByTime(300)
      expect(elapsed()).toBe(300)
      vi.advanceTimersByTime(10_000)
      expect(elapsed()).toBe(600)
      expect(vi.getTimerCount()).toBe(0)
    } finally {
      vi.useRealTimers()
    }
  })
})
