/** The tests of proper-lockfile, in our words, where it and this package promise the same: see docs/peers-tests.md. */
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  realpathSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { temporaryFolder, waitFor } from '@shellflip/testing'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { UpgradeLockEvent } from './lock-watch.ts'
import { UpgradeLock } from './upgrade-lock.ts'

let folder: ReturnType<typeof temporaryFolder>
let path: string
beforeEach(() => {
  folder = temporaryFolder()
  path = folder.join('lock')
})
afterEach(() => folder[Symbol.dispose]())

const failure = (code: string) => expect.objectContaining({ name: 'UpgradeLockError', code })
const acquire = (options: { signal?: AbortSignal } = {}) => UpgradeLock.acquire({ path, ...options })

describe('lock', () => {
  test('needs no file, makes one, and needs its folder', async () => {
    using _ = await acquire()
    expect(readdirSync(folder.path)).toEqual(['lock'])
    path = folder.join('missing', 'lock')
    await expect(acquire()).rejects.toEqual(failure('ERR_SYSTEM'))
  })

  test('is held by one', async () => {
    using _ = await acquire()
    expect(UpgradeLock.tryAcquire({ path }).type).toBe('held')
  })

  test('waits until it is free, or gives up', async () => {
    const first = await acquire()
    const waiting = acquire()
    await expect(acquire({ signal: AbortSignal.timeout(20) })).rejects.toMatchObject({ name: 'TimeoutError' })
    first.release()
    using second = await waiting
    expect(second.released).toBe(false)
  })

  test('of a folder that is reached by a symbolic link is the same lock', async () => {
    mkdirSync(folder.join('real'), { mode: 0o700 })
    symlinkSync(folder.join('real'), folder.join('link'))
    path = folder.join('link', 'lock')
    using _ = await acquire()
    const real = `${realpathSync(folder.join('real'))}/lock`
    expect(UpgradeLock.tryAcquire({ path: real }).type).toBe('held')
  })

  test('of a file that its holder left long ago is taken, without a time that makes it stale', async () => {
    writeFileSync(path, '{"pid":4711,"since":"2020-01-01T00:00:00.000Z"}\n', { mode: 0o600 })
    using lock = await acquire()
    utimesSync(path, new Date(0), new Date(0))
    expect(UpgradeLock.tryAcquire({ path }).type).toBe('held')
    expect(lock.released).toBe(false)
  })

  test('that cannot be looked at fails at once', async () => {
    mkdirSync(path)
    await expect(acquire()).rejects.toEqual(failure('ERR_LOCK_FORBIDDEN'))
    chmodSync(folder.path, 0o777)
    await expect(acquire()).rejects.toEqual(failure('ERR_LOCK_FORBIDDEN'))
    chmodSync(folder.path, 0o700)
  })
})

describe('a compromised lock', () => {
  const lost = async (lose: () => void) => {
    using lock = await acquire()
    const events: UpgradeLockEvent[] = []
    lock.onEvent((event) => events.push(event))
    lose()
    await waitFor(() => events.length > 0)
    expect(lock.released).toBe(true)
    return events
  }

  test('whose file was removed is reported', async () => {
    expect(await lost(() => rmSync(path))).toEqual([{ type: 'lost', path, reason: 'removed' }])
  })

  test('that another acquired is reported', async () => {
    let other: UpgradeLock | undefined
    const events = await lost(() => {
      rmSync(path)
      const outcome = UpgradeLock.tryAcquire({ path })
      if (outcome.type === 'acquired') other = outcome.lock
    })
    expect(events).toEqual([{ type: 'lost', path, reason: 'replaced' }])
    expect(existsSync(path)).toBe(true)
    other?.release()
  })
})

describe('check and release', () => {
  test('a lock is held, then free, and its file is gone', async () => {
    const lock = await acquire()
    expect(UpgradeLock.tryAcquire({ path }).type).toBe('held')
    lock.release()
    expect(readdirSync(folder.path)).toEqual([])
    using again = await acquire()
    expect(again.released).toBe(false)
  })

  test('a second release does nothing, also to a later lock', async () => {
    const lock = await acquire()
    lock.release()
    using _ = await acquire()
    lock.release()
    expect(UpgradeLock.tryAcquire({ path }).type).toBe('held')
  })

  test('a release does not fail where the file is gone', async () => {
    const lock = await acquire()
    rmSync(path)
    lock.release()
    expect(lock.released).toBe(true)
  })

  test('everything works without waiting too', () => {
    const outcome = UpgradeLock.tryAcquire({ path })
    if (outcome.type === 'held') return expect.unreachable()
    expect(UpgradeLock.tryAcquire({ path }).type).toBe('held')
    outcome.lock.release()
    expect(readdirSync(folder.path)).toEqual([])
  })
})
