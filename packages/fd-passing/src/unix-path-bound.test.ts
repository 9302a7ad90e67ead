import { chmodSync, writeFileSync } from 'node:fs'
import { temporaryFolder } from '@shellflip/testing'
import { expect, test } from 'vitest'
import { isUnixPathBound, listenUnix, UnixListener } from './index.ts'

test('a path is bound while a process listens there, and the process does not notice the look', async () => {
  using folder = temporaryFolder('bound-')
  const path = folder.join('a.sock')
  expect(isUnixPathBound(path)).toBe(false)
  const listener = UnixListener.adopt(listenUnix({ path }))
  const accepting = listener.accept()
  expect(isUnixPathBound(path)).toBe(true)
  const accepted = await Promise.race([accepting, new Promise((resolve) => setImmediate(resolve, 'nobody'))])
  expect(accepted).toBe('nobody')
  listener.close()
  await accepting.catch(() => {})
  expect(isUnixPathBound(path), 'a dead process left it').toBe(false)
})

test('what is not a socket, or not there, is not bound', () => {
  using folder = temporaryFolder('bound-')
  writeFileSync(folder.join('file'), '')
  expect(isUnixPathBound(folder.join('file'))).toBe(false)
  expect(isUnixPathBound(folder.join('file', 'below'))).toBe(false)
  expect(isUnixPathBound(folder.join('missing', 'below'))).toBe(false)
})

test.runIf(process.getuid?.() === 0)('a path in a folder that may not be entered could be bound', () => {
  using folder = temporaryFolder('bound-')
  chmodSync(folder.path, 0)
  process.seteuid?.(65534)
  try {
    expect(isUnixPathBound(folder.join('a.sock'))).toBe(true)
  } finally {
    process.seteuid?.(0)
  }
})
