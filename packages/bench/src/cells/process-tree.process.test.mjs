import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { waitFor } from '@shellflip/testing'
import { expect, test } from 'vitest'
import { cpuSeconds, killLeftovers, markProcesses, memory, ProcessTree } from './process-tree.mjs'

test('finds and kills what was started after the mark, also without its parent', async () => {
  const unmarked = spawn('sleep', ['60'])
  markProcesses()
  const shell = spawn('sh', ['-c', 'sleep 60 & echo $!'])
  delete process.env.SHELLFLIP_BENCH
  const [output] = await once(shell.stdout.setEncoding('utf8'), 'data')
  const orphan = Number(output)
  try {
    const tree = new ProcessTree()
    await waitFor(() => tree.pids().length === 1)
    expect(tree.pids()).toEqual([orphan])
    expect(new ProcessTree(() => [unmarked.pid]).pids().toSorted()).toEqual([orphan, unmarked.pid].toSorted())
    expect(memory(orphan).rss).toBeGreaterThan(0)
    expect(cpuSeconds(orphan)).toBeGreaterThanOrEqual(0)
    expect(tree.killAll()).toBe(1)
    await waitFor(() => tree.pids().length === 0)
    expect(unmarked.exitCode).toBe(null)
  } finally {
    unmarked.kill()
  }
})

test('kills also what appears after the first look', async () => {
  const [first, second] = [spawn('sleep', ['60']), spawn('sleep', ['60'])]
  try {
    const ended = [once(first, 'exit'), once(second, 'exit')]
    const named = [[first.pid], [second.pid]]
    expect(new ProcessTree(() => named.shift() ?? []).killAll()).toBe(2)
    expect((await Promise.all(ended)).map(([, signal]) => signal)).toEqual(['SIGKILL', 'SIGKILL'])
  } finally {
    first.kill()
    second.kill()
  }
})

test('finds the processes that a killed bench has left', async () => {
  const { pid: gone } = spawnSync('true')
  const left = spawn('sleep', ['60'], { env: { ...process.env, SHELLFLIP_BENCH: String(gone) } })
  const current = spawn('sleep', ['60'], { env: { ...process.env, SHELLFLIP_BENCH: String(process.pid) } })
  try {
    const exited = once(left, 'exit')
    await waitFor(() => killLeftovers() >= 1)
    await exited
    expect(current.exitCode).toBe(null)
    expect(current.signalCode).toBe(null)
  } finally {
    left.kill()
    current.kill()
  }
})
