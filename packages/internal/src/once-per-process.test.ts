import { expect, test, vi } from 'vitest'
import { oncePerProcess } from './once-per-process.ts'

test('a copy of the module gets the value that the first one has made', async () => {
  const made = oncePerProcess('a-test', () => ({ by: 'the first' }))
  vi.resetModules()
  const copy = await import('./once-per-process.ts')
  expect(copy.oncePerProcess).not.toBe(oncePerProcess)
  expect(copy.oncePerProcess('a-test', () => ({ by: 'the copy' }))).toBe(made)
  expect(copy.oncePerProcess('another-test', () => ({ by: 'the copy' }))).toEqual({ by: 'the copy' })
})
