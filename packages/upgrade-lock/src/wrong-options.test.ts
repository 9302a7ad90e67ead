import { expect, test } from 'vitest'
import { UpgradeLock } from './index.ts'

const wrong = (options: object) => options as never

test.each<[string, () => unknown, RegExp]>([
  ['tryAcquire()', () => UpgradeLock.tryAcquire(wrong({ paht: 'x' })), /"paht"\. Did you mean "path"\?/],
  [
    'without a path',
    () => UpgradeLock.tryAcquire(wrong({})),
    /path must be the path of the lock file, not undefined/,
  ],
  ['with a text', () => UpgradeLock.tryAcquire('x' as never), /takes its options as an object, not "x"/],
  [
    'acquire()',
    () => UpgradeLock.acquire(wrong({ path: 'x', timeoutMs: 1 })),
    /acquire\(\) has no option "timeoutMs"/,
  ],
  [
    'with another signal',
    () => UpgradeLock.acquire(wrong({ path: 'x', signal: 1 })),
    /must be an AbortSignal/,
  ],
  ['adopt()', () => UpgradeLock.adopt({} as never, wrong({ path: 7 })), /path must be a string, not 7/],
])('%s is a mistake that is named', async (_, call, message) => {
  await expect((async () => call())()).rejects.toMatchObject({
    code: 'ERR_INVALID_ARGUMENT',
    message: expect.stringMatching(message),
  })
})
