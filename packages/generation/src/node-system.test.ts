import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { expect, test } from 'vitest'
import { nodeSystem } from './node-system.ts'

test.each([2 ** 31, 2 ** 53 / 1000])('a timer of %d ms does not fire before one of 20 ms', async (ms) => {
  let fired = false
  using _ = nodeSystem.timer(ms, () => {
    fired = true
  })
  await new Promise<void>((resolve) => void nodeSystem.timer(20, resolve))
  expect(fired).toBe(false)
})

test.runIf(process.platform === 'linux')('the children of a process are those that live', async () => {
  const before = nodeSystem.childrenOf(process.pid)
  const child = spawn('sleep', ['60'])
  expect(nodeSystem.childrenOf(process.pid)).toEqual([...before, child.pid])
  child.kill('SIGKILL')
  await once(child, 'exit')
  expect(nodeSystem.childrenOf(process.pid)).toEqual(before)
  expect(nodeSystem.childrenOf(child.pid ?? 0)).toEqual([])
})
