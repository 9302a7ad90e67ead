import { spawn, spawnSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { processesWith, temporaryFolder, waitFor } from '@shellflip/testing'
import { expect, test } from 'vitest'

const main = fileURLToPath(new URL('main.mjs', import.meta.url))

test('Ctrl-C ends everything that the bench has started', async () => {
  const folder = temporaryFolder()
  const bench = spawn(
    process.execPath,
    [main, '--peers', 'plain-restart', '--shapes', 'K64', '--base', '60000', '--output', folder.path],
    { stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, TMPDIR: folder.path } },
  )
  let output = ''
  for (const stream of [bench.stdout, bench.stderr])
    stream.setEncoding('utf8').on('data', (text) => (output += text))
  try {
    const mark = `SHELLFLIP_BENCH=${bench.pid}\0`
    await waitFor(() => processesWith(mark).length === 1)
    await waitFor(() => output.includes('K64 plain-restart: '))
    bench.kill('SIGINT')
    await waitFor(() => bench.exitCode !== null, { what: 'the end of the bench' })
    expect(bench.exitCode).toBe(130)
    expect(output).toContain('ended by SIGINT')
    expect(processesWith(mark)).toEqual([])
    expect(processesWith(folder.path)).toEqual([])
    expect(readdirSync(folder.path).filter((name) => name.startsWith('bench-'))).toEqual([])
  } finally {
    bench.kill('SIGKILL')
    folder[Symbol.dispose]()
  }
})

test('a run writes results, tables and plots, and sees what a plain restart breaks', () => {
  const folder = temporaryFolder()
  try {
    const times = ['--warm-up', '100', '--base', '200', '--interval', '200', '--reloads', '1']
    const choice = ['--peers', 'plain-restart,shellflip-tcp', '--shapes', 'K64', '--output', folder.path]
    const { status, stdout } = spawnSync(process.execPath, [main, ...choice, ...times], { encoding: 'utf8' })
    expect(status).toBe(0)
    expect(stdout).toMatch(/^\[1\/2\] K64 shellflip-tcp: left out: a TCP server/m)
    expect(stdout).toMatch(/^\[2\/2\] K64 plain-restart: \d+ failed in 1 reload \(.*refused/m)
    expect(readdirSync(folder.path).toSorted()).toEqual(['K64.svg', 'results.json', 'tables.md'])
    const { cells } = JSON.parse(readFileSync(folder.join('results.json'), 'utf8'))
    expect(cells.map(({ peer }) => peer)).toEqual(['shellflip-tcp', 'plain-restart'])
    expect(cells[1].withReloads.failures.refused).toBeGreaterThan(0)
    expect(cells[1].base.failed).toBe(0)
  } finally {
    folder[Symbol.dispose]()
  }
})

test('a mistake in the command line names the choices, and exits with 2', () => {
  const { status, stderr } = spawnSync(process.execPath, [main, '--peers', 'ngnix'], { encoding: 'utf8' })
  expect(stderr).toMatch(/^unknown peer "ngnix"\. Choose from all, none, ours, .*shellflip.*plain-restart/)
  expect(status).toBe(2)
})
