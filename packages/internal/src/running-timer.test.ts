import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { RunningTimer } from './running-timer.ts'

describe('the time for which a process runs', () => {
  beforeEach(
    () =>
      void vi.useFakeTimers({
        toFake: ['setTimeout', 'clearTimeout', 'setImmediate', 'clearImmediate', 'performance'],
      }),
  )
  afterEach(() => {
    vi.restoreAllMocks()
    vi.useRealTimers()
  })

  /** The process is stopped: its clock advances, and its timers fire late. */
  const pause = (milliseconds: number) => {
    const now = performance.now.bind(performance)
    const pausedAt = now()
    vi.spyOn(performance, 'now').mockImplementation(() => now() + (now() > pausedAt ? milliseconds : 0))
  }

  test('is over when it has passed, and not before', () => {
    const over = vi.fn()
    using _ = new RunningTimer(2_500, over)
    vi.advanceTimersByTime(2_499)
    expect(over).not.toHaveBeenCalled()
    vi.advanceTimersByTime(10)
    expect(over).toHaveBeenCalledOnce()
  })

  test('does not count a pause, however long', () => {
    const over = vi.fn()
    using _ = new RunningTimer(2_500, over)
    vi.advanceTimersByTime(1_252)
    pause(3_600_000)
    // The tick with the pause in it does not count.
    vi.advanceTimersByTime(1_560)
    expect(over).not.toHaveBeenCalled()
    vi.advanceTimersByTime(10)
    expect(over).toHaveBeenCalledOnce()
  })

  test('does not count a pause that is shorter than the timeout either', () => {
    const over = vi.fn()
    using _ = new RunningTimer(800, over)
    vi.advanceTimersByTime(400)
    pause(700)
    vi.advanceTimersByTime(499)
    expect(over).not.toHaveBeenCalled()
    vi.advanceTimersByTime(10)
    expect(over).toHaveBeenCalledOnce()
  })

  test('ends on a machine that is always slow', () => {
    const over = vi.fn()
    using _ = new RunningTimer(800, over)
    const now = performance.now.bind(performance)
    vi.spyOn(performance, 'now').mockImplementation(() => now() * 10)
    vi.advanceTimersByTime(2_000)
    expect(over).toHaveBeenCalledOnce()
  })

  test('returns how much of it is left', () => {
    using timer = new RunningTimer(800, () => {})
    expect(timer.leftMs).toBe(800)
    vi.advanceTimersByTime(250)
    expect(timer.leftMs).toBe(550)
    pause(10_000)
    vi.advanceTimersByTime(10)
    expect(timer.leftMs).toBeGreaterThan(450)
  })

  test('leaves the event loop a whole turn before it is over', () => {
    const over = vi.fn()
    using _ = new RunningTimer(1, over)
    vi.advanceTimersToNextTimer()
    expect(over, 'what the kernel has queued is read first').not.toHaveBeenCalled()
    vi.advanceTimersToNextTimer()
    expect(over).not.toHaveBeenCalled()
    vi.advanceTimersToNextTimer()
    expect(over).toHaveBeenCalledOnce()
  })

  test('is never over when it was disposed of, in its last turn too', () => {
    const over = vi.fn()
    const timer = new RunningTimer(1, over)
    vi.advanceTimersToNextTimer()
    timer[Symbol.dispose]()
    vi.advanceTimersByTime(10_000)
    expect(over).not.toHaveBeenCalled()
  })
})
