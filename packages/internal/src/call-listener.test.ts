import { once } from 'node:events'
import { expect, test } from 'vitest'
import { callListener } from './call-listener.ts'

const unprintable = Object.create(null)

test.each<[string, () => unknown, string]>([
  [
    'throws',
    () => {
      throw new Error('no')
    },
    'no',
  ],
  [
    'throws a text',
    () => {
      throw 'text'
    },
    'text',
  ],
  [
    'throws nothing',
    () => {
      throw undefined
    },
    'undefined',
  ],
  [
    'throws what has no text',
    () => {
      throw unprintable
    },
    'an error without a message',
  ],
  [
    'rejects',
    async () => {
      throw new Error('late')
    },
    'late',
  ],
])('a listener that %s causes a warning, and does not affect the others', async (_, listener, message) => {
  const warned = once(process, 'warning')
  callListener(listener, { type: 'ready' })
  const [warning] = await warned
  expect(warning).toMatchObject({
    code: 'SHELLFLIP_LISTENER_FAILED',
    message: `the listener of the event "ready" failed: ${message}`,
  })
})

test('a listener that was removed gets no events', () => {
  expect(() => callListener(undefined, { type: 'ready' })).not.toThrow()
})
