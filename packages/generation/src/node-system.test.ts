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
