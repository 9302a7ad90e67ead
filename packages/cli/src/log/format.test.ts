import { describe, expect, it } from 'vitest'
import { formatJson } from './format-json.ts'
import { formatText } from './format-text.ts'
import type { LogFields } from './log-record.ts'
import { timestamp } from './timestamp.ts'

const time = new Date('2025-01-31T12:00:00.250Z')
const text = (message: string, fields: LogFields = {}) =>
  formatText({ time, level: 'INFO', message, fields }).replace(/^time=\S+ /, '')

describe('the text format', () => {
  it.each([
    ['ready', 'level=INFO msg=ready'],
    ['', 'level=INFO msg=""'],
    ['generation ready', 'level=INFO msg="generation ready"'],
    ['a=b', 'level=INFO msg="a=b"'],
    ['C:\\x', 'level=INFO msg=C:\\x'],
    ['C:\\x y', 'level=INFO msg="C:\\\\x y"'],
    ['say "hi"', 'level=INFO msg="say \\"hi\\""'],
    ['é😀', 'level=INFO msg=é😀'],
    ['two\nlines\t\x1b[31m\x9b', 'level=INFO msg="two\\nlines\\t\\x1b[31m\\u009b"'],
    ['\u202egnp', 'level=INFO msg="\\u202egnp"'],
    ['\u{e0001}', 'level=INFO msg="\\U000e0001"'],
  ])('writes %j as slog does', (message, line) => {
    expect(text(message)).toBe(line)
  })

  it('writes fields after the message', () => {
    expect(text('up', { generation: 3, status: 'all well' })).toBe(
      'level=INFO msg=up generation=3 status="all well"',
    )
  })

  it('begins with the time', () => {
    expect(formatText({ time, level: 'WARN', message: 'x', fields: {} })).toBe(
      `time=${timestamp(time)} level=WARN msg=x`,
    )
    expect(new Date(timestamp(time))).toEqual(time)
  })
})

describe('the JSON format', () => {
  it('is one line that JSON reads back, and that a terminal takes as text', () => {
    const line = formatJson({ time, level: 'ERROR', message: 'a\nb\x9b\x7f\u2028', fields: { pid: 812 } })
    expect(line).not.toMatch(/[\p{Cc}\u2028]/u)
    expect(JSON.parse(line)).toEqual({
      time: timestamp(time),
      level: 'ERROR',
      msg: 'a\nb\x9b\x7f\u2028',
      pid: 812,
    })
  })
})
