import { openSync, writeFileSync } from 'node:fs'
import { type TestProcess, temporaryFolder, waitFor } from '@shellflip/testing'
import { describe, expect, it } from 'vitest'
import { lock, tryLock, unlock } from './flock.ts'
import { OwnedFd } from './owned-fd.ts'
import { program } from './testing/program.ts'

function openFile(folder: { join: (name: string) => string }): OwnedFd {
  return new OwnedFd(openSync(folder.join('lock'), 'a'))
}

function holder(path: string, mode: string): TestProcess {
  return program(
    `
    const fd = fs.openSync(process.env.LOCK_PATH, 'a')
    if (!fdPassing.tryLock(fd, process.env.LOCK_MODE)) throw new Error('not free')
    console.log('held')
    process.once('SIGTERM', () => { fdPassing.unlock(fd); console.log('released') })
    setInterval(() => {}, 1000)
  `,
    { env: { LOCK_PATH: path, LOCK_MODE: mode } },
  )
}

describe('flock', () => {
  it('is held by one process, and waited for by another', async () => {
    using folder = temporaryFolder()
    await using other = holder(folder.join('lock'), 'exclusive')
    await other.printed(/held/)
    using file = openFile(folder)
    expect(tryLock(file.fd)).toBe(false)
    expect(tryLock(file.fd, 'shared')).toBe(false)
    let ticks = 0
    const ticking = setInterval(() => ticks++, 1)
    const waiting = lock(file.fd)
    await waitFor(() => ticks > 5)
    other.kill('SIGTERM')
    await waiting
    clearInterval(ticking)
    expect(other.stdout).toContain('held')
    unlock(file.fd)
  })

  it('is released by the kernel when its holder is killed', async () => {
    using folder = temporaryFolder()
    await using other = holder(folder.join('lock'), 'exclusive')
    await other.printed(/held/)
    using file = openFile(folder)
    expect(tryLock(file.fd)).toBe(false)
    other.kill('SIGKILL')
    await lock(file.fd, 'exclusive', { signal: AbortSignal.timeout(10_000) })
  })

  it('is shared by many, or held by one alone', async () => {
    using folder = temporaryFolder()
    await using other = holder(folder.join('lock'), 'shared')
    await other.printed(/held/)
    using file = openFile(folder)
    expect(tryLock(file.fd, 'shared')).toBe(true)
    expect(tryLock(file.fd, 'exclusive')).toBe(false)
  })

  it('can be given up waiting for', async () => {
    using folder = temporaryFolder()
    using held = openFile(folder)
    using file = openFile(folder)
    expect(tryLock(held.fd)).toBe(true)
    const controller = new AbortController()
    const waiting = lock(file.fd, 'exclusive', { signal: controller.signal })
    controller.abort(new Error('too long'))
    await expect(waiting).rejects.toThrow('too long')
    await expect(lock(file.fd, 'exclusive', { signal: controller.signal })).rejects.toThrow('too long')
    unlock(held.fd)
    expect(tryLock(file.fd)).toBe(true)
  })

  it('belongs to the open file: a dup keeps it', async () => {
    using folder = temporaryFolder()
    const held = openFile(folder)
    using other = openFile(folder)
    expect(tryLock(held.fd)).toBe(true)
    using copy = held.dup()
    held.close()
    expect(tryLock(other.fd)).toBe(false)
    copy.close()
    expect(tryLock(other.fd)).toBe(true)
  })

  it('needs an open file', async () => {
    using folder = temporaryFolder()
    writeFileSync(folder.join('lock'), '')
    const file = openFile(folder)
    const number = file.fd
    file.close()
    expect(() => tryLock(number)).toThrow(expect.objectContaining({ code: 'ERR_SYSTEM', errno: 'EBADF' }))
    await expect(lock(-1)).rejects.toMatchObject({ code: 'ERR_INVALID_ARGUMENT' })
  })
})
