import { formatTable, type Paint } from '@shellflip/cli/terminal'
import { statusSchema } from '@shellflip/supervisor-control'
import { expect, it } from 'vitest'
import { formatStatus, statusLines } from './status-table.ts'

const since = '2025-01-31T12:00:00.000Z'
const status = statusSchema.parse({
  name: 'api',
  pid: 811,
  version: '1.0.0',
  state: 'serving',
  since,
  command: ['/srv/app', '--id={{.Generation}}'],
  generations: [
    { generation: 9, pid: 700, state: 'draining', since },
    { generation: 10, state: 'ready', since, status: '\x1b[2Jall\r\nwell \u202e' },
  ],
  listeners: [{ name: 'web', address: 'tcp://127.0.0.1:8080' }],
  lastRoll: { type: 'failed', generation: 11, reason: 'not ready within 10s', elapsedMs: 10_000 },
})

it('shows a status in a header and a table', () => {
  const lines = formatStatus(status).split('\n')
  expect(lines[0]).toMatch(/^api: serving, pid 811, since \d{4}-\d\d-\d\d \d\d:\d\d:\d\d$/)
  expect(lines).toContain('command: /srv/app --id={{.Generation}}')
  expect(lines).toContain('listening: web on tcp://127.0.0.1:8080')
  expect(lines).toContain('last roll: generation 11 failed: not ready within 10s')
  expect(lines.some((line) => /^9 {11}700 {2}draining {2}\S+ \S+$/.test(line))).toBe(true)
  expect(lines.some((line) => /^10 {10}- {4}ready /.test(line))).toBe(true)
})

it('shows what others wrote as text, whatever it is', () => {
  const text = formatStatus(status)
  expect(text).toContain('\\x1b[2Jall\\r\\nwell \\u202e')
  expect(text.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\u202e]/u)
})

it('aligns columns by their width on a terminal', () => {
  expect(
    formatTable([
      ['a', 'b'],
      ['😀日', 'c'],
      ['e\u0301', 'd'],
    ]),
  ).toEqual(['a     b', '😀日  c', 'e\u0301     d'])
})

it('cuts lines to the width, whatever colours they have', () => {
  const bright: Paint = (text, colour) => (colour ? `<${text}>` : text)
  const lines = statusLines(status, { width: 30, paint: bright })
  expect(lines[0]).toMatch(/^api: <serving>, pid 811, since …$/)
  expect(lines.at(-1)).toMatch(/^10 {10}- {4}<ready> {5}\S+…$/)
})
