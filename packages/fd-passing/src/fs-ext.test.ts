/** The tests of fs-ext's flock, in our words: see docs/peers-tests.md. */
import { openSync } from 'node:fs'
import { temporaryFolder } from '@shellflip/testing'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { lock, tryLock, unlock } from './flock.ts'
import { OwnedFd } from './owned-fd.ts'

let folder: ReturnType<typeof temporaryFolder>
let file: OwnedFd
let another: OwnedFd
beforeEach(() => {
  folder = temporaryFolder()
  file = new OwnedFd(openSync(folder.join('file'), 'w'))
  another = new OwnedFd(openSync(folder.join('file'), 'r'))
})
afterEach(() => {
  for (const owned of [file, another, folder]) owned[Symbol.dispose]()
})

const failure = (how: object) => expect.objectContaining({ name: 'FdPassingError', ...how })

test.each([undefined, 'foo', -9])('a descriptor that is %s is refused', async (fd) => {
  for (const act of [tryLock, unlock])
    expect(() => act(fd as never)).toThrow(failure({ code: 'ERR_INVALID_ARGUMENT' }))
  await expect(lock(fd as never)).rejects.toEqual(failure({ code: 'ERR_INVALID_ARGUMENT' }))
})

test('a descriptor that is not open is EBADF', () => {
  for (const act of [tryLock, unlock]) expect(() => act(98_765)).toThrow(failure({ errno: 'EBADF' }))
})

test('a mode that does not exist is refused', async () => {
  expect(() => tryLock(file.fd, 'foo' as never)).toThrow(failure({ code: 'ERR_INVALID_ARGUMENT' }))
  await expect(lock(file.fd, 'foo' as never)).rejects.toEqual(failure({ code: 'ERR_INVALID_ARGUMENT' }))
})

test('unlock, without a lock and after each mode', async () => {
  unlock(file.fd)
  for (const mode of ['shared', 'exclusive'] as const) {
    expect(tryLock(file.fd, mode)).toBe(true)
    unlock(file.fd)
    expect(await lock(file.fd, mode)).toBeUndefined()
    unlock(file.fd)
  }
  expect(tryLock(another.fd)).toBe(true)
})

test('a shared lock becomes an exclusive one, unless another is shared', async () => {
  await lock(file.fd, 'shared')
  expect(tryLock(another.fd, 'shared')).toBe(true)
  expect(tryLock(file.fd)).toBe(false)
  unlock(another.fd)
  expect(tryLock(file.fd)).toBe(true)
  expect(tryLock(another.fd, 'shared')).toBe(false)
})

test('many times over', () => {
  for (let round = 0; round < 10_000; round++) unlock(file.fd)
})
