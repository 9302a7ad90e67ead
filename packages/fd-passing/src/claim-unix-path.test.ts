import { existsSync, mkdirSync, renameSync, symlinkSync, writeFileSync } from 'node:fs'
import { temporaryFolder } from '@shellflip/testing'
import { describe, expect, test } from 'vitest'
import { claimUnixPath, isUnixPathLive } from './claim-unix-path.ts'
import { listenUnix } from './listeners.ts'

describe('a path', () => {
  test('that is free is taken, and unlinked when given up', async () => {
    using folder = temporaryFolder()
    const { listener, path } = await claimUnixPath({ path: folder.join('s'), mode: 0o600 })
    expect(await isUnixPathLive(folder.join('s'))).toBe(true)
    path.unlink()
    listener.close()
    expect(existsSync(folder.join('s'))).toBe(false)
  })

  test('that a dead listener left is taken over', async () => {
    using folder = temporaryFolder()
    listenUnix({ path: folder.join('s') }).close()
    expect(await isUnixPathLive(folder.join('s'))).toBe(false)
    using listener = (await claimUnixPath({ path: folder.join('s') })).listener
    expect(await isUnixPathLive(folder.join('s'))).toBe(true)
    expect(listener.closed).toBe(false)
  })

  test('at which somebody listens is refused, also when that one accepts nobody', async () => {
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
      message: expect.stringContaining(`is ${kind}, no socket`),
    })
  })

  test('that another socket took is not unlinked', async () => {
    using folder = temporaryFolder()
    const { listener, path } = await claimUnixPath({ path: folder.join('s') })
    using _ = listenUnix({ path: folder.join('other') })
    renameSync(folder.join('other'), folder.join('s'))
    path.unlink()
    listener.close()
    expect(existsSync(folder.join('s'))).toBe(true)
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
