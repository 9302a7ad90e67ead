import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import {
  chmodSync,
  chownSync,
  existsSync,
  linkSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { createServer } from 'node:net'
import { isCloexec, OwnedFd, setCloexec, tryLock } from '@shellflip/fd-passing'
import { openFds, temporaryFolder, waitFor } from '@shellflip/testing'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { UpgradeLockEvent } from './lock-watch.ts'
import { UpgradeLock } from './upgrade-lock.ts'

let folder: ReturnType<typeof temporaryFolder>
let path: string
beforeEach(() => {
  folder = temporaryFolder()
  path = folder.join('upgrade.lock')
})
afterEach(() => folder[Symbol.dispose]())

function acquired(): UpgradeLock {
  const outcome = UpgradeLock.tryAcquire({ path })
  if (outcome.type === 'held') throw new Error(`held by ${outcome.holder?.pid}`)
  return outcome.lock
}

const refusal = (code: string, message = /./) =>
  expect.objectContaining({ name: 'UpgradeLockError', code, message: expect.stringMatching(message) })

describe('acquire and release', () => {
  test('one holds it, and others learn the holder and the time', () => {
    const before = Date.now()
    using lock = acquired()
    expect(lock.path).toBe(path)
    const outcome = UpgradeLock.tryAcquire({ path })
    expect(outcome).toEqual({ type: 'held', holder: { pid: process.pid, since: expect.any(Date) } })
    const since = outcome.type === 'held' ? (outcome.holder?.since.getTime() ?? 0) : 0
    expect(since).toBeGreaterThanOrEqual(before)
    expect(since).toBeLessThanOrEqual(Date.now())
  })

  test('released, it is free, and nothing is left behind', () => {
    const before = openFds().size
    const lock = acquired()
    lock.release()
    lock.release()
    lock.leave()
    expect(lock.released).toBe(true)
    expect(() => lock.fd).toThrow(refusal('ERR_RELEASED'))
    expect(readdirSync(folder.path)).toEqual([])
    expect(openFds().size).toBe(before)
    acquired().release()
  })

  test('the file is ours alone and the descriptor is not inherited', () => {
    using lock = acquired()
    expect(statSync(path).mode & 0o777).toBe(0o600)
    expect(isCloexec(lock.fd.fd)).toBe(true)
  })

  test('a waiting one gets it, or gives up with the reason of its signal', async () => {
    const lock = acquired()
    const waiting = UpgradeLock.acquire({ path })
    const given = new AbortController()
    const impatient = UpgradeLock.acquire({ path, signal: given.signal })
    given.abort(new Error('too late'))
    await expect(impatient).rejects.toThrow('too late')
    lock.release()
    using next = await waiting
    expect(next.released).toBe(false)
    expect(UpgradeLock.tryAcquire({ path }).type).toBe('held')
    await expect(UpgradeLock.acquire({ path, signal: given.signal })).rejects.toThrow('too late')
  })

  test.each([
    ['something torn', '{"pid":12,"si'],
    ['something else', 'null'],
    ['a pid that is none', '{"pid":"me","since":"2026-01-01T00:00:00.000Z"}'],
    ['a time that is a number', '{"pid":1,"since":7}'],
    ['a time that is none', '{"pid":1,"since":"yesterday"}'],
    ['the state of a program', '{"pid":1,"since":"2026-01-01T00:00:00.000Z","jobs":[]}'],
    ['a pid file', '4711\n'],
    ['too much', 'x'.repeat(100_000)],
    ['a note with more behind it', `{"pid":1,"since":"2026-01-01T00:00:00.000Z"}\n${' '.repeat(300)}`],
    ['NUL bytes', '\0\0\0\0'],
  ])('a file that says %s is not a lock file, and stays as it is', async (_, content) => {
    writeFileSync(path, content, { mode: 0o600 })
    const { ino } = statSync(path)
    const before = openFds().size
    expect(() => UpgradeLock.tryAcquire({ path })).toThrow(
      refusal(
        'ERR_LOCK_FORBIDDEN',
        /upgrade\.lock is not a lock file: it has \d+ bytes that no lock has written/,
      ),
    )
    await expect(UpgradeLock.acquire({ path })).rejects.toEqual(refusal('ERR_LOCK_FORBIDDEN'))
    using held = new OwnedFd(openSync(path, 'r+'))
    tryLock(held.fd)
    expect(() => UpgradeLock.adopt(held, { path })).toThrow(
      refusal('ERR_LOCK_FORBIDDEN', /is not a lock file/),
    )
    expect(UpgradeLock.tryAcquire({ path })).toEqual({ type: 'held', holder: undefined })
    held.close()
    expect(openFds().size).toBe(before)
    expect([readFileSync(path, 'utf8'), statSync(path).ino]).toEqual([content, ino])
  })

  test('what is written into the file of a lock that is held stays', () => {
    const lock = acquired()
    writeFileSync(path, 'precious')
    expect(UpgradeLock.tryAcquire({ path })).toEqual({ type: 'held', holder: undefined })
    lock.release()
    expect(readFileSync(path, 'utf8')).toBe('precious')
  })

  test('a lock file that is emptied while the lock is held is still the lock', () => {
    const lock = acquired()
    truncateSync(path)
    expect(UpgradeLock.tryAcquire({ path })).toEqual({ type: 'held', holder: undefined })
    lock.release()
    expect(readdirSync(folder.path)).toEqual([])
  })

  test.runIf(process.platform === 'linux')(
    'an empty file that another program made is used, and stays',
    () => {
      writeFileSync(path, '', { mode: 0o600 })
      const { ino } = statSync(path)
      for (const _ of [1, 2]) {
        const lock = acquired()
        expect(JSON.parse(readFileSync(path, 'utf8'))).toEqual({
          pid: process.pid,
          since: expect.any(String),
        })
        lock.release()
        expect([readFileSync(path, 'utf8'), statSync(path).ino]).toEqual(['', ino])
      }
    },
  )

  test('a file that an older version left with its note is used', () => {
    writeFileSync(path, '{"pid":4711,"since":"2026-01-01T00:00:00.000Z"}\n', { mode: 0o600 })
    using lock = acquired()
    expect(lock.released).toBe(false)
    expect(UpgradeLock.tryAcquire({ path })).toMatchObject({ type: 'held', holder: { pid: process.pid } })
  })

  test.runIf(existsSync('/dev/shm'))('a lock on tmpfs is a lock', () => {
    const shm = mkdtempSync('/dev/shm/upgrade-lock-')
    try {
      path = `${shm}/lock`
      const lock = acquired()
      expect(UpgradeLock.tryAcquire({ path }).type).toBe('held')
      lock.release()
      expect(readdirSync(shm)).toEqual([])
    } finally {
      rmSync(shm, { recursive: true })
    }
  })

  test("a release does not remove another's file", () => {
    const lock = acquired()
    rmSync(path)
    using other = acquired()
    lock.release()
    expect(existsSync(path)).toBe(true)
    expect(other.released).toBe(false)
    expect(UpgradeLock.tryAcquire({ path }).type).toBe('held')
  })

  test('a file that was moved away is unlocked all the same', () => {
    const lock = acquired()
    using _ = lock.fd.dup()
    renameSync(path, folder.join('moved'))
    lock.release()
    renameSync(folder.join('moved'), path)
    acquired().release()
  })
})

describe('a lock file that is removed or replaced while the lock is held', () => {
  const lose = {
    removed: () => rmSync(path),
    replaced: () => {
      writeFileSync(folder.join('new'), '', { mode: 0o600 })
      renameSync(folder.join('new'), path)
    },
  }

  test.each(['removed', 'replaced'] as const)('is reported once, when it is %s', async (reason) => {
    using lock = acquired()
    const events: UpgradeLockEvent[] = []
    using _ = lock.onEvent((event) => events.push(event))
    expect(lock.released).toBe(false)
    lose[reason]()
    expect(lock.released).toBe(true)
    await waitFor(() => events.length > 0)
    lose.replaced()
    expect(events).toEqual([{ type: 'lost', path, reason }])
    lock.release()
    expect(readdirSync(folder.path)).toEqual(['upgrade.lock'])
  })

  test('is reported to one who listens afterwards, and where the folder is gone', async () => {
    using lock = acquired()
    rmSync(folder.path, { recursive: true })
    const event = await new Promise((resolve) => lock.onEvent(resolve))
    expect(event).toEqual({ type: 'lost', path, reason: 'removed' })
    expect(lock.released).toBe(true)
    lock.release()
  })

  test('is reported to all, also where the listener of another throws, and to one who comes later', async () => {
    using lock = acquired()
    const warned = once(process, 'warning')
    lock.onEvent(() => {
      throw new Error('no')
    })
    const heard = new Promise((resolve) => lock.onEvent(resolve))
    lose.removed()
    expect(await heard).toMatchObject({ type: 'lost' })
    expect(await warned).toMatchObject([{ message: 'the listener of the event "lost" failed: no' }])
    expect(await new Promise((resolve) => lock.onEvent(resolve))).toMatchObject({ type: 'lost' })
  })

  test('is not reported after a release, nor for it', async () => {
    const lock = acquired()
    const events: UpgradeLockEvent[] = []
    lock.onEvent((event) => events.push(event))
    lock.release()
    using next = acquired()
    let isSeen = false
    next.onEvent(() => {
      isSeen = true
    })
    rmSync(path)
    await waitFor(() => isSeen)
    expect(events).toEqual([])
  })
})

test('a folder that is missing is to be made, and no file is to be removed', () => {
  expect(() => UpgradeLock.tryAcquire({ path: folder.join('none', 'x') })).toThrow(
    refusal('ERR_SYSTEM', /Create the folder .*none first/),
  )
  mkdirSync(path)
  for (const taken of ['/dev/null', path]) {
    expect(() => UpgradeLock.tryAcquire({ path: taken })).toThrow(
      refusal('ERR_LOCK_FORBIDDEN', /Choose another path for the lock/),
    )
  }
})

function adoptNothing(options: never): void {
  using fd = new OwnedFd(openSync('/dev/null', 'r'))
  UpgradeLock.adopt(fd, options)
}

test.each<[string, (value: never) => unknown, readonly unknown[]]>([
  ['tryAcquire()', (options) => UpgradeLock.tryAcquire(options), []],
  ['acquire()', (options) => UpgradeLock.acquire(options), [{ path: '/x', signal: new AbortController() }]],
  ['adopt()', adoptNothing, []],
  ['a descriptor of adopt()', (fd) => UpgradeLock.adopt(fd, { path }), [{ fd: 3 }]],
])('a wrong value for %s is an error', async (_, act, more) => {
  const wrong = [undefined, null, 3, 'x', [], {}, { path: 3 }, { path: '' }, { paht: '/x' }, { path: 'a\0b' }]
  for (const value of [...wrong, ...more]) {
    const attempt = async () => act((value === undefined ? {} : value) as never)
    await expect(attempt()).rejects.toEqual(refusal('ERR_INVALID_ARGUMENT'))
  }
})

describe('handed on by its descriptor', () => {
  test('the lock is held without a gap while a copy is open, until the last one is closed', () => {
    const lock = acquired()
    const passed = lock.fd.dup()
    setCloexec(passed.fd, false)
    const adopted = UpgradeLock.adopt(passed, { path })
    expect(isCloexec(adopted.fd.fd)).toBe(true)
    lock.leave()
    expect(UpgradeLock.tryAcquire({ path }).type).toBe('held')
    adopted.release()
    expect(existsSync(path)).toBe(false)
    acquired().release()
  })

  test('left by the only one who has it, it is free', () => {
    acquired().leave()
    acquired().release()
  })

  test('released while another still has a copy, it is free', () => {
    const lock = acquired()
    using _ = lock.fd.dup()
    lock.release()
    acquired().release()
  })

  test('a descriptor that does not hold the lock is not adopted', () => {
    writeFileSync(path, '', { mode: 0o600 })
    using free = new OwnedFd(openSync(path, 'r+'))
    expect(() => UpgradeLock.adopt(free, { path })).toThrow(refusal('ERR_NOT_HELD'))
    using lock = acquired()
    using other = new OwnedFd(openSync(path, 'r+'))
    expect(() => UpgradeLock.adopt(other, { path })).toThrow(refusal('ERR_NOT_HELD'))
    expect(other.closed).toBe(false)
    expect(lock.released).toBe(false)
  })

  test('nor is one of another file, or of one that is gone', () => {
    using lock = acquired()
    writeFileSync(folder.join('other'), '')
    using other = new OwnedFd(openSync(folder.join('other'), 'r+'))
    expect(() => UpgradeLock.adopt(other, { path })).toThrow(refusal('ERR_NOT_THE_LOCK'))
    rmSync(path)
    expect(() => UpgradeLock.adopt(lock.fd, { path })).toThrow(refusal('ERR_NOT_THE_LOCK'))
    expect(readdirSync(folder.path)).toEqual(['other'])
  })
})

describe('what others could have put there is refused', () => {
  const refused = (message: RegExp) =>
    expect(() => UpgradeLock.tryAcquire({ path })).toThrow(refusal('ERR_LOCK_FORBIDDEN', message))

  test.each([0o777, 0o775, 0o1777])('a folder of mode %o', (mode) => {
    chmodSync(folder.path, mode)
    refused(/can be written by others.*chmod go-w/)
    expect(readdirSync(folder.path)).toEqual([])
  })

  test('a symbolic link, even to a file of ours', () => {
    writeFileSync(folder.join('file'), 'mine', { mode: 0o600 })
    symlinkSync(folder.join('file'), path)
    refused(/is a symbolic link/)
    expect(readFileSync(folder.join('file'), 'utf8')).toBe('mine')
  })

  test('another name of a file of ours', () => {
    writeFileSync(folder.join('file'), '', { mode: 0o600 })
    linkSync(folder.join('file'), path)
    refused(/has 2 names/)
  })

  test('a device, without opening it', () => {
    expect(() => UpgradeLock.tryAcquire({ path: '/dev/null' })).toThrow(
      refusal('ERR_LOCK_FORBIDDEN', /special file, not a regular file|can be written by others/),
    )
  })

  test('a folder, a pipe, a socket', async () => {
    mkdirSync(path)
    refused(/not a regular file/)
    rmSync(path, { recursive: true })
    execFileSync('sh', ['-c', 'mkfifo -m 600 "$0"', path])
    refused(/not a regular file/)
    rmSync(path)
    const server = createServer().listen(path)
    await new Promise((resolve) => server.once('listening', resolve))
    refused(/not a regular file/)
    server.close()
  })

  test('a file that others can open', () => {
    writeFileSync(path, '')
    chmodSync(path, 0o644)
    refused(/can be opened, and therefore locked, by others \(mode 644\)/)
  })

  test.runIf(process.geteuid?.() === 0)("another's file, another's folder", () => {
    writeFileSync(path, '', { mode: 0o600 })
    chownSync(path, 65534, 65534)
    refused(/belongs to uid 65534/)
    rmSync(path)
    chownSync(folder.path, 65534, 65534)
    refused(/belongs to uid 65534/)
  })

  test('a folder in one that others can write', () => {
    mkdirSync(folder.join('run'), { mode: 0o700 })
    chmodSync(folder.path, 0o775)
    expect(() => UpgradeLock.tryAcquire({ path: folder.join('run', 'lock') })).toThrow(
      refusal('ERR_LOCK_FORBIDDEN', /can be written by others \(mode 775\)\. They could replace .*\/run\./),
    )
    expect(readdirSync(folder.join('run'))).toEqual([])
  })

  test('a folder that does not exist is reported', () => {
    expect(() => UpgradeLock.tryAcquire({ path: folder.join('no', 'lock') })).toThrow(
      refusal('ERR_SYSTEM', /ENOENT/),
    )
  })
})
