import { execFileSync } from 'node:child_process'
import {
  chmodSync,
  chownSync,
  closeSync,
  existsSync,
  constants as fileTypes,
  linkSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { temporaryFolder } from '@shellflip/testing'
import { describe, expect, test } from 'vitest'
import { claimUnixPath } from './claim-unix-path.ts'
import { tryLock } from './flock.ts'
import { listenUnix } from './listeners.ts'
import { removeLockFile, tryLockFile } from './lock-file.ts'
import { isUnixPathBound } from './unix-path-bound.ts'

describe('a path', () => {
  test('that is free is taken, and unlinked when given up', async () => {
    using folder = temporaryFolder()
    const { listener, path } = await claimUnixPath({ path: folder.join('s'), mode: 0o600 })
    expect(isUnixPathBound(folder.join('s'))).toBe(true)
    path.unlink()
    listener.close()
    expect(existsSync(folder.join('s'))).toBe(false)
  })

  test('that is ours changes hands and permissions later, in that order', async () => {
    using folder = temporaryFolder()
    const { listener, path } = await claimUnixPath({ path: folder.join('s'), mode: 0o600 })
    using _ = listener
    const gid = process.getegid?.() as number
    path.setAccess({ owner: { gid }, mode: 0o660 })
    expect(lstatSync(folder.join('s'))).toMatchObject({ mode: fileTypes.S_IFSOCK | 0o660, gid })
    expect(() => path.setAccess({ mode: 0o10000 })).toThrow(/mode must be permission bits/)
    renameSync(folder.join('s'), folder.join('away'))
    writeFileSync(folder.join('s'), 'another file', { mode: 0o600 })
    expect(() => path.setAccess({ mode: 0o666 })).toThrow(/was replaced by another/)
    expect(lstatSync(folder.join('s')).mode & 0o777).toBe(0o600)
  })

  test('that a dead listener left is taken over', async () => {
    using folder = temporaryFolder()
    listenUnix({ path: folder.join('s') }).close()
    expect(isUnixPathBound(folder.join('s'))).toBe(false)
    using listener = (await claimUnixPath({ path: folder.join('s') })).listener
    expect(isUnixPathBound(folder.join('s'))).toBe(true)
    expect(listener.closed).toBe(false)
  })

  test('with a live listener is refused, even if that does not accept', async () => {
    using folder = temporaryFolder()
    using _ = listenUnix({ path: folder.join('s'), backlog: 0 })
    await expect(claimUnixPath({ path: folder.join('s') })).rejects.toMatchObject({
      code: 'ERR_PATH_IN_USE',
      message: expect.stringContaining('a live process listens at'),
    })
    expect(existsSync(folder.join('s'))).toBe(true)
  })

  test.each<[string, (path: string) => void]>([
    ['a regular file', (path) => writeFileSync(path, 'precious')],
    ['a folder', (path) => mkdirSync(path)],
    ['a symbolic link', (path) => symlinkSync('elsewhere', path)],
  ])('that is %s is refused, and left as it is', async (kind, make) => {
    using folder = temporaryFolder()
    make(folder.join('s'))
    await expect(claimUnixPath({ path: folder.join('s') })).rejects.toMatchObject({
      code: 'ERR_PATH_IN_USE',
      message: expect.stringContaining(`is ${kind}, not a socket`),
    })
  })

  test('that another socket took is not unlinked', async () => {
    using folder = temporaryFolder()
    const { listener, path } = await claimUnixPath({ path: folder.join('s') })
    using _ = listenUnix({ path: folder.join('other') })
    renameSync(folder.join('other'), folder.join('s'))
    expect(path.unlink()).toBe(true)
    listener.close()
    expect(existsSync(folder.join('s'))).toBe(true)
  })

  test('whose folder is gone is unlinked already', async () => {
    using folder = temporaryFolder()
    mkdirSync(folder.join('folder'))
    const { listener, path } = await claimUnixPath({ path: folder.join('folder', 's') })
    renameSync(folder.join('folder'), folder.join('moved'))
    expect(path.unlink()).toBe(true)
    listener.close()
  })

  test('in a folder that does not exist is a clear error', async () => {
    await expect(claimUnixPath({ path: '/no/such/folder/s' })).rejects.toMatchObject({
      code: 'ERR_SYSTEM',
      errno: 'ENOENT',
    })
  })

  test.runIf(process.platform === 'linux')('that is abstract has no file', async () => {
    const { listener, path } = await claimUnixPath({ path: `@claim-${process.pid}` })
    path.unlink()
    listener.close()
  })
})

describe('the lock of a path', () => {
  test('is not on the folder, which others can open and lock', async () => {
    using folder = temporaryFolder()
    const opened = openSync(folder.path, 'r')
    expect(tryLock(opened)).toBe(true)
    using _ = (await claimUnixPath({ path: folder.join('s') })).listener
    closeSync(opened)
  })

  test('leaves nothing behind, whether the claim succeeds or fails', async () => {
    using folder = temporaryFolder()
    await expect(claimUnixPath({ path: folder.join('s'), backlog: -1 })).rejects.toMatchObject({
      code: 'ERR_INVALID_ARGUMENT',
    })
    await expect(claimUnixPath({ path: folder.join('s'), mode: 0o1_0000 })).rejects.toMatchObject({
      code: 'ERR_INVALID_ARGUMENT',
    })
    expect(readdirSync(folder.path)).toEqual([])
    using _ = (await claimUnixPath({ path: folder.join('s') })).listener
    await expect(claimUnixPath({ path: folder.join('s') })).rejects.toMatchObject({ code: 'ERR_PATH_IN_USE' })
    expect(readdirSync(folder.path)).toEqual(['s'])
  })

  test('is waited for while another holds it', async () => {
    using folder = temporaryFolder()
    const { type, fd } = tryLockFile(folder.join('.s.lock'))
    expect(type).toBe('locked')
    const claim = claimUnixPath({ path: folder.join('s') })
    removeLockFile(folder.join('.s.lock'), fd.fd)
    fd.close()
    using _ = (await claim).listener
    expect(readdirSync(folder.path)).toEqual(['s'])
  })

  test('is taken over from one that was killed, and removed', async () => {
    using folder = temporaryFolder()
    writeFileSync(folder.join('.s.lock'), '', { mode: 0o600 })
    using _ = (await claimUnixPath({ path: folder.join('s') })).listener
    expect(readdirSync(folder.path)).toEqual(['s'])
  })

  const asRoot = process.geteuid?.() === 0
  test.each<[string, RegExp, (path: string, elsewhere: string) => void]>([
    ['a symbolic link', /is a symbolic link, not a regular file/, (path, other) => symlinkSync(other, path)],
    ['a pipe', /is a special file/, (path) => execFileSync('sh', ['-c', 'mkfifo -m 600 "$0"', path])],
    ['a folder', /is a folder/, (path) => mkdirSync(path)],
    [
      'a file that others can open',
      /can be opened, and therefore locked, by others/,
      (path) => {
        writeFileSync(path, '')
        chmodSync(path, 0o640)
      },
    ],
    [
      'a file with content',
      /is not a lock file: it has 4 bytes/,
      (path) => writeFileSync(path, 'mine', { mode: 0o600 }),
    ],
    ['another name of a file of ours', /has 2 names/, (path, other) => linkSync(other, path)],
    ...(asRoot
      ? ([
          [
            'a file of another user',
            /belongs to uid 65534, not to us/,
            (path) => {
              writeFileSync(path, '', { mode: 0o600 })
              chownSync(path, 65534, 65534)
            },
          ],
        ] satisfies [string, RegExp, (path: string) => void][])
      : []),
  ])('that another user made as %s is refused at once, and left alone', async (_, message, make) => {
    using folder = temporaryFolder()
    writeFileSync(folder.join('elsewhere'), 'ours', { mode: 0o600 })
    make(folder.join('.s.lock'), folder.join('elsewhere'))
    const { ino } = lstatSync(folder.join('.s.lock'))
    const before = performance.now()
    await expect(claimUnixPath({ path: folder.join('s') })).rejects.toMatchObject({
      code: 'ERR_FORBIDDEN',
      message: expect.stringMatching(message),
    })
    expect(performance.now() - before).toBeLessThan(2_500)
    expect(lstatSync(folder.join('.s.lock')).ino).toBe(ino)
    expect(readdirSync(folder.path).sort()).toEqual(['.s.lock', 'elsewhere'])
  })
})

test('of many who claim a dead path at once, exactly one gets it', async () => {
  using folder = temporaryFolder()
  listenUnix({ path: folder.join('s') }).close()
  const claims = await Promise.allSettled(
    Array.from({ length: 8 }, () => claimUnixPath({ path: folder.join('s') })),
  )
  const won = claims.flatMap((claim) => (claim.status === 'fulfilled' ? [claim.value] : []))
  expect(won).toHaveLength(1)
  for (const { listener } of won) listener.close()
})
