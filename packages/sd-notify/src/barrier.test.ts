import { openFds } from '@shellflip/testing'
import { expect, test, vi } from 'vitest'
import { passBarrier } from './barrier.ts'

vi.mock('node:net', () => ({
  Socket: class {
    constructor() {
      throw new Error('EMFILE: too many open files, fcntl')
    }
  },
}))

test('a pipe that cannot be watched is a failed outcome, and is closed', async () => {
  const before = openFds().size
  const { signal } = new AbortController()
  const outcome = await passBarrier(async () => ({ type: 'sent' }), { timeoutMs: 1_000, signal })
  expect(outcome).toMatchObject({ type: 'failed', error: { code: 'ERR_SEND_FAILED' } })
  expect(openFds().size).toBe(before)
})
