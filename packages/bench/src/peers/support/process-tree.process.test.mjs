import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { temporaryFolder, waitFor } from '@shellflip/testing'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { isAlive } from './is-alive.mjs'
import { ProcessTree } from './process-tree.mjs'

const starter = fileURLToPath(new URL('testing/daemon-starter.mjs', import.meta.url))
const isLinux = process.platform === 'linux'
let folder

beforeEach(() => {
  folder = temporaryFolder('process-tree-')
})

afterEach(() => folder[Symbol.dispose]())

test.runIf(isLinux)('keeps a daemon in sight after its parent has ended, and stops it', async () => {
  const daemonize = ['-c', 'setsid sleep 600 & echo $! >pid']
  const tree = await ProcessTree.start('/bin/sh', daemonize, { folder: folder.path })
  await waitFor(() => !isAlive(tree.mainPid))
  const [daemon] = tree.pids()
  expect(isAlive(daemon)).toBe(true)
  await tree.stop()
  expect(isAlive(daemon)).toBe(false)
})

test.runIf(isLinux)('ends every process when SIGKILL ends the bench', async () => {
  const bench = spawn(process.execPath, [starter, folder.path], { stdio: ['ignore', 'pipe', 'inherit'] })
  const [line] = await once(bench.stdout, 'data')
  const pids = JSON.parse(line)
  expect(pids.map(isAlive)).toEqual([true, true])
  bench.kill('SIGKILL')
  await waitFor(() => !pids.some(isAlive), { what: 'the end of the tree' })
})

test.runIf(isLinux)('reports a command that does not exist', async () => {
  const starting = ProcessTree.start('/does-not-exist', [], { folder: folder.path })
  await expect(starting).rejects.toThrow('ENOENT')
})
