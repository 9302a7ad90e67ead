import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { LogOutput } from './log-output.ts'

/** A reader that takes as much as there is room for. */
function reader(room = Number.POSITIVE_INFINITY) {
  const fake = {
    room,
    text: '',
    error: undefined as Error | undefined,
    writes: 0,
    write(data: Uint8Array): number {
      fake.writes += 1
      if (fake.error !== undefined) throw fake.error
      const taken = data.subarray(0, Math.max(0, fake.room))
      fake.room -= taken.length
      fake.text += Buffer.from(taken).toString()
      return taken.length
    },
    get lines(): string[] {
      return fake.text.split('\n').slice(0, -1)
    },
  }
  return fake
}

const dropped = (count: number, reason = 'the log was not read') =>
  `app: ${count} lines were dropped: ${reason}`

describe('LogOutput', () => {
  beforeEach(() => void vi.useFakeTimers())
  afterEach(() => void vi.useRealTimers())

  it('prints at once where there is room', () => {
    const log = reader()
    const output = new LogOutput(log.write, dropped)
    output.print('one')
    output.print('two')
    expect(log.text).toBe('one\ntwo\n')
    expect(vi.getTimerCount()).toBe(0)
  })

  it('keeps lines for a reader that stalls, in their order and whole', () => {
    const log = reader(6)
    const output = new LogOutput(log.write, dropped)
    for (const line of ['one', 'two', 'three']) output.print(line)
    expect(log.text).toBe('one\ntw')
    log.room = Number.POSITIVE_INFINITY
    vi.advanceTimersByTime(1_000)
    expect(log.text).toBe('one\ntwo\nthree\n')
    expect(vi.getTimerCount()).toBe(0)
  })

  it('drops what does not fit the queue, and reports the count before the next line', () => {
    const log = reader(0)
    const output = new LogOutput(log.write, dropped)
    for (let line = 0; line < 1_000; line += 1) output.print(String(line).padStart(199, '0'))
    log.room = Number.POSITIVE_INFINITY
    vi.advanceTimersByTime(1_000)
    const kept = log.lines.length - 1
    expect(kept).toBe(Math.floor((64 * 1024) / 200))
    expect(log.lines.at(-1)).toBe(dropped(1_000 - kept))
    output.print('next')
    expect(log.lines.at(-1)).toBe('next')
  })

  it('takes one line of any length', () => {
    const log = reader(10)
    const output = new LogOutput(log.write, dropped)
    output.print('x'.repeat(200_000))
    log.room = Number.POSITIVE_INFINITY
    vi.advanceTimersByTime(1_000)
    expect(log.text).toBe(`${'x'.repeat(200_000)}\n`)
  })

  it('counts the lines that a dead reader lost, and tries again with the next one only', () => {
    const log = reader()
    const output = new LogOutput(log.write, dropped)
    log.error = new Error('write: EPIPE')
    for (const line of ['one', 'two', 'three']) output.print(line)
    const { writes } = log
    vi.advanceTimersByTime(60_000)
    expect(log.writes).toBe(writes)
    expect(vi.getTimerCount()).toBe(0)
    log.error = undefined
    output.print('four')
    expect(log.lines).toEqual([dropped(3, 'write: EPIPE'), 'four'])
  })

  it('waits at the exit for a slow reader, and not for one that stalls', () => {
    vi.useRealTimers()
    const log = reader(0)
    const output = new LogOutput((data) => {
      if (performance.now() > resumesAt) log.room = Number.POSITIVE_INFINITY
      return log.write(data)
    }, dropped)
    let resumesAt = performance.now() + 50
    output.print('last words')
    output.flush()
    expect(log.text).toBe('last words\n')
    resumesAt = Number.POSITIVE_INFINITY
    log.room = 0
    output.print('unread')
    const before = performance.now()
    output.flush()
    expect(performance.now() - before).toBeGreaterThan(900)
    expect(log.text).toBe('last words\n')
  })
})
