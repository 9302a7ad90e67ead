import { execFileSync } from 'node:child_process'
import { readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { openFds, temporaryFolder } from '@shellflip/testing'
import { expect, test, vi } from 'vitest'
import { isLockFileAt, lockFile, openLockFile, removeLockFile, tryLockFile } from './lock-file.ts'
import { native } from './native.ts'

test('one descriptor holds the lock, and another finds it held', () => {
  using folder = temporaryFolder()
  const path = folder.join('lock')
  using first = tryLockFile(path).fd
  expect(isLockFileAt(path, first.fd)).toBe(true)
  const second = tryLockFile(path)
  expect(second.type).toBe('held')
  second.fd.close()
  removeLockFile(path, first.fd)
  expect(readdirSync(folder.path)).toEqual([])
  using third = tryLockFile(path).fd
  expect(isLockFileAt(path, first.fd)).toBe(false)
  expect(isLockFileAt(path, third.fd)).toBe(true)
})

test('a file that is removed or replaced while it is being locked is not the lock', () => {
  using folder = temporaryFolder()
  const path = folder.join('lock')
  const { lock } = native
  const steps = [
    () => rmSync(path),
    () => {
      writeFileSync(folder.join('new'), '', { mode: 0o600 })
      renameSync(folder.join('new'), path)
    },
  ]
  const locking = vi.spyOn(native, 'lock').mockImplementation((fd, exclusive) => {
    steps.shift()?.()
    return lock(fd, exclusive)
  })
  const before = openFds().size
  using locked = tryLockFile(path).fd
  expect(locking).toHaveBeenCalledTimes(3)
  expect(isLockFileAt(path, locked.fd)).toBe(true)
  expect(openFds().size).toBe(before + 1)
  vi.restoreAllMocks()
})

test('a wait ends with the reason of its signal', async () => {
  using folder = temporaryFolder()
  using _ = tryLockFile(folder.join('lock')).fd
  const given = new AbortController()
  const waiting = lockFile(folder.join('lock'), { signal: given.signal })
  given.abort(new Error('too late'))
  await expect(waiting).rejects.toThrow('too late')
})

test('opening one that is not there does not make it', () => {
  using folder = temporaryFolder()
  expect(() => openLockFile(folder.join('lock'))).toThrow(expect.objectContaining({ errno: 'ENOENT' }))
  expect(readdirSync(folder.path)).toEqual([])
})

test('a file with content is not a lock file, and stays as it is', () => {
  using folder = temporaryFolder()
  const path = folder.join('state')
  writeFileSync(path, 'precious', { mode: 0o600 })
  const before = openFds().size
  expect(() => tryLockFile(path)).toThrow(
    expect.objectContaining({
      code: 'ERR_FORBIDDEN',
      message: expect.stringMatching(/is not a lock file: it has 8 bytes/),
    }),
  )
  expect(openFds().size).toBe(before)
  using fd = tryLockFile(path, { isNote: () => true }).fd
  removeLockFile(path, fd.fd)
  expect(readFileSync(path, 'utf8')).toBe('precious')
})

test.runIf(process.platform === 'linux')('a file that another process made stays, emptied', () => {
  using folder = temporaryFolder()
  const path = folder.join('lock')
  const isNote = () => true
  for (const content of ['', 'note']) {
    writeFileSync(path, content, { mode: 0o600 })
    using fd = tryLockFile(path, { isNote }).fd
    removeLockFile(path, fd.fd, { isNote })
    expect(statSync(path).size).toBe(0)
  }
  using fd = tryLockFile(path).fd
  removeLockFile(path, fd.fd, { nameIsOurs: true })
  expect(readdirSync(folder.path)).toEqual([])
})

test('a pipe is refused without being opened', () => {
  using folder = temporaryFolder()
  const path = folder.join('pipe')
  execFileSync('sh', ['-c', 'mkfifo -m 600 "$0"', path])
  const opening = vi.spyOn(native, 'openFileAt')
  expect(() => tryLockFile(path)).toThrow(expect.objectContaining({ code: 'ERR_FORBIDDEN' }))
  expect(() => openLockFile(path)).toThrow(expect.objectContaining({ code: 'ERR_FORBIDDEN' }))
  expect(opening).not.toHaveBeenCalled()
  vi.restoreAllMocks()
})
