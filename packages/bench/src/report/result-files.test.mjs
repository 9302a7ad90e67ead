import { expect, test } from 'vitest'
import { benchmarksDocument } from './document.mjs'
import { between } from './marks.mjs'
import { resultFiles } from './result-files.mjs'

const latencyMs = (p99) => ({ p50: 1, p99, p999: p99 * 2, max: p99 * 3 })
const usage = {
  tree: { rss: 50, pss: 20, cpu: 0.5 },
  supervisor: { rss: 10, pss: 5, cpu: 0.01 },
  client: { rss: 60, pss: 40, cpu: 0.6 },
  elsewhereCpu: 0.1,
  processes: 2,
}
const phase = (p99, more) => ({
  ok: 1_000,
  failed: 0,
  failures: {},
  reconnects: 0,
  closedIdle: 0,
  cut: 0,
  perSecond: 500,
  longestGapMs: 3,
  latencyMs: latencyMs(p99),
  usage,
  ...more,
})
const cell = (peer, run, failed, onlyNewMs) => ({
  peer,
  shape: 'K64',
  run,
  base: phase(4),
  withReloads: phase(8, { failed, failures: failed > 0 ? { reset: failed } : {}, perSecond: 400 }),
  reloads: [{ ...phase(8), onlyNewMs, firstNewMs: 10, reloadMs: 12 }],
})

const results = {
  format: 1,
  startedAt: '2026-01-02T03:04:05.000Z',
  finishedAt: '2026-01-02T03:14:05.000Z',
  machine: {
    cpu: 'a CPU',
    cores: 2,
    memoryGb: 8,
    kernel: '6.1',
    node: 'v20',
    clientCpu: 1,
    sysctls: { 'net.core.somaxconn': '4096' },
  },
  options: { reloads: 1, runs: 3, intervalMs: 2_000, baseMs: 5_000, warmUpMs: 2_000 },
  shapes: [{ name: 'K64', family: 'K', title: '64 keep-alive connections' }],
  peers: [
    {
      name: 'shellflip',
      title: 'shellflip',
      configuration: 'best',
      settings: 'defaults',
      version: '1.0.0',
      isOurs: true,
    },
    {
      name: 'other',
      title: 'other <|>',
      configuration: 'default',
      settings: '-',
      version: '2',
      isOurs: false,
    },
    { name: 'hung', title: 'hung', configuration: 'default', settings: '-', version: '3', isOurs: false },
    {
      name: 'absent',
      title: 'absent',
      configuration: 'default',
      settings: '-',
      isOurs: false,
      unavailable: 'install it',
    },
  ],
  cells: [
    ...[1, 2, 3].map((run) => cell('shellflip', run, 0, 50)),
    cell('other', 1, 7, 20),
    cell('other', 2, 1_234, 30),
    cell('other', 3, 64, null),
    { peer: 'hung', shape: 'K64', run: 1, problem: 'reload 1 took more than 60 s', reloads: [] },
  ],
  primitives: [
    {
      name: 'copies',
      run: 1,
      rows: [1, 16, 256].map((n) => ({
        what: `${n} MiB`,
        n,
        ours: n * 2,
        peer: n,
        unit: 'ms',
        peerIs: 'a copy',
      })),
    },
  ],
}

test('a table has medians over the runs, their range, and reasons', () => {
  const { 'tables.md': tables } = resultFiles(results)
  expect(tables).toContain('| **shellflip** | 0 |  | 0 | 1 → 1 | 4 → 8 |')
  expect(tables).toContain('| other <\\|> | 64 (7 to 1,234) | 435 reset |')
  expect(tables).toContain('50 (max 50)')
  expect(tables).toContain('30 (max –)')
  expect(tables).toContain('× 0.80')
  expect(tables).toContain('- hung: ended after 0 reloads, reload 1 took more than 60 s')
  expect(tables).toContain('| 16 MiB | 32 ms | 16 ms | a copy | 2.00 |')
})

test('a row that was measured on a busy machine says so', () => {
  const busy = JSON.parse(JSON.stringify(results))
  for (const { peer, base } of busy.cells) if (peer === 'other') base.usage.elsewhereCpu = 1.25
  const { 'tables.md': tables } = resultFiles(busy)
  expect(tables).toContain('- other <|>: something else used 1.3 cores of this machine meanwhile')
  expect(tables).not.toContain('- shellflip: something else')
  const [, , , , ours, other] = tables.split('\n')
  expect(ours).not.toContain('noisy')
  expect(other).toContain('| 64 (noisy) |')
  expect(tables).toContain('- other <|>, K64: something else used 1.3 cores of this machine meanwhile')
  expect(tables).not.toContain('not measured')
})

test('a row without a measure of what else ran says so', () => {
  const old = JSON.parse(JSON.stringify(results))
  for (const { peer, withReloads } of old.cells) if (peer === 'other') delete withReloads.usage.elsewhereCpu
  const { 'tables.md': tables } = resultFiles(old)
  expect(tables).toContain('- K64: the CPU that anything else used meanwhile was not measured')
  expect(tables).toContain('- other <|>: the CPU that anything else used meanwhile was not measured')
  expect(tables).not.toContain('- shellflip: the CPU')
})

test('the headline shows no figure of reloads that ended early, also of ours', () => {
  const ended = JSON.parse(JSON.stringify(results))
  Object.assign(ended.cells[1], { problem: 'reload 2 failed' })
  const [, , , , ours, , hung, , ...more] = resultFiles(ended)['tables.md'].split('\n')
  expect(ours).toMatch(/^\| \*\*shellflip\*\* (\| ended after 1 ){5}\|$/)
  expect(hung).toMatch(/^\| hung (\| ended after 0 ){5}\|$/)
  expect(more.slice(0, 2)).toEqual([
    '- shellflip, K64: ended after 1 reload, reload 2 failed',
    '- hung, K64: ended after 0 reloads, reload 1 took more than 60 s',
  ])
})

test('an even number of runs shows the upper count of failures', () => {
  const even = { ...results, cells: results.cells.filter(({ run }) => run < 3) }
  expect(resultFiles(even)['tables.md']).toContain('| other <\\|> | 1,234 (7 to 1,234) |')
})

test('the headline leaves out what was not measured', () => {
  const { 'tables.md': tables } = resultFiles(results)
  const [, , heading, , ours, other] = tables.split('\n')
  expect(heading).toContain('failed: 64 keep-alive connections')
  expect(heading).not.toContain('cut per reload')
  expect(ours).toBe('| **shellflip** | 0 | 0 | × 2.0 | 50 | 10 |')
  expect(other).toContain('| 64 |')
  expect(tables).not.toContain('| absent |')
})

test('plots are whole SVG documents for both colour schemes', () => {
  const files = resultFiles(results)
  expect(Object.keys(files)).toEqual(['results.json', 'tables.md', 'K64.svg', 'copies.svg'])
  for (const name of ['K64.svg', 'copies.svg']) {
    expect(files[name]).toMatch(/^<svg [^>]*>[\s\S]*prefers-color-scheme:dark[\s\S]*<\/svg>\n$/)
    expect(files[name]).not.toMatch(/NaN|Infinity|undefined|null/)
  }
  expect(files['K64.svg']).toContain('other &lt;|&gt;')
  expect(files['copies.svg'].match(/<circle/g)).toHaveLength(6)
})

test('results.json can be read back', () => {
  expect(JSON.parse(resultFiles(results)['results.json'])).toEqual(results)
})

test('the document has every peer, also one that could not run', () => {
  const document = benchmarksDocument(results)
  expect(document).toContain('could not run: install it')
  expect(document).toContain('![64 keep-alive connections](../packages/bench/results/K64.svg)')
  expect(document).toContain('--peers shellflip,other,hung,absent')
  expect(document).not.toMatch(/undefined|NaN|\[object/)
})

test('a text goes between its marks, and nothing else changes', () => {
  const document = 'before\n<!-- x -->\nold\n<!-- end of x -->\nafter\n'
  expect(between(document, 'x', 'new')).toBe('before\n<!-- x -->\n\nnew\n\n<!-- end of x -->\nafter\n')
  expect(between(between(document, 'x', 'new'), 'x', 'new')).toBe(between(document, 'x', 'new'))
  expect(() => between('no marks', 'x', 'new')).toThrow('no marks <!-- x -->')
})
