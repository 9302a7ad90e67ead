import { describe, expect, it, vi } from 'vitest'
import { startRunningTime } from './running-time.ts'
import { StopRule, type StopVerdict, sameSignalForMs } from './stop-rule.ts'

type Cause = keyof typeof sameSignalForMs | 'call'

/** A call is never the same stop as another call. */
const sameForMs = (cause: Cause, first: Cause) => {
  if (cause !== 'call') return sameSignalForMs[cause]
  return first === 'call' ? -1 : 1_000
}

describe('StopRule', () => {
  it.each<Cause>(['SIGTERM', 'SIGINT', 'SIGQUIT', 'SIGHUP', 'call'])(
    'answers a first %s with a drain',
    (cause) => {
      expect(new StopRule(sameForMs).judge(cause)).toBe('drain')
    },
  )

  it.each<[Cause, Cause, number, StopVerdict]>([
    ['SIGTERM', 'SIGTERM', 0, 'same'],
    ['SIGTERM', 'SIGTERM', 5_000, 'same'],
    ['SIGTERM', 'SIGTERM', 5_001, 'cut'],
    ['SIGINT', 'SIGTERM', 4_000, 'same'],
    ['SIGHUP', 'SIGTERM', 10, 'same'],
    ['call', 'SIGTERM', 10, 'same'],
    ['call', 'SIGTERM', 6_000, 'cut'],
    ['SIGINT', 'SIGINT', 500, 'same'],
    ['SIGINT', 'SIGINT', 501, 'cut'],
    ['SIGQUIT', 'SIGQUIT', 300, 'same'],
    ['SIGQUIT', 'SIGQUIT', 600, 'cut'],
    ['SIGTERM', 'SIGINT', 600, 'cut'],
    ['SIGTERM', 'SIGHUP', 60_000, 'same'],
    ['SIGTERM', 'call', 1_000, 'same'],
    ['call', 'call', 0, 'cut'],
  ])('after %s takes %s, %d ms later, as %s', (first, second, elapsedMs, verdict) => {
    let now = 0
    const rule = new StopRule(sameForMs, () => () => now)
    rule.judge(first)
    now = elapsedMs
    expect(rule.judge(second)).toBe(verdict)
  })

  it('counts from the first stop, not from the last repetition', () => {
    let now = 0
    const rule = new StopRule(sameForMs, () => () => now)
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
