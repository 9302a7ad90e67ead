import { ftruncateSync, readFileSync, writeSync } from 'node:fs'
import { openFds } from '@shellflip/testing'
import { describe, expect, it } from 'vitest'
import { isCloexec } from './descriptors.ts'
import { addSeals, getSeals, memfd } from './memfd.ts'

const onLinux = process.platform === 'linux'

describe.runIf(onLinux)('memfd', () => {
  it('is a file in memory that children do not inherit', () => {
    using file = memfd('state')
    writeSync(file.fd, 'kept', 0)
    expect(readFileSync(`/proc/self/fd/${file.fd}`, 'utf8')).toBe('kept')
    expect(openFds().get(file.fd)).toContain('memfd:state')
    expect(isCloexec(file.fd)).toBe(true)
  })

  it('can no longer be changed once it is sealed', () => {
    using file = memfd('state', { sealable: true })
    writeSync(file.fd, 'final', 0)
    expect(getSeals(file.fd)).toEqual([])
    addSeals(file.fd, ['shrink', 'grow', 'write'])
    expect(getSeals(file.fd)).toEqual(['shrink', 'grow', 'write'])
    expect(() => writeSync(file.fd, 'other', 0)).toThrow(/EPERM/)
    expect(() => ftruncateSync(file.fd, 1)).toThrow(/EPERM/)
    addSeals(file.fd, ['seal'])
    expect(() => addSeals(file.fd, ['future-write'])).toThrow(expect.objectContaining({ errno: 'EPERM' }))
  })

  it('does not take seals unless it was made sealable', () => {
    using file = memfd('plain')
    expect(getSeals(file.fd)).toEqual(['seal'])
    expect(() => addSeals(file.fd, ['write'])).toThrow(
      expect.objectContaining({ code: 'ERR_SYSTEM', errno: 'EPERM' }),
    )
  })

  it.each(['x'.repeat(250), 'a\0b'])('has no name like %j', (name) => {
    expect(() => memfd(name)).toThrow(expect.objectContaining({ code: 'ERR_INVALID_ARGUMENT' }))
  })
})

describe.skipIf(onLinux)('memfd elsewhere', () => {
  it('is unsupported', () => {
    expect(() => memfd('state')).toThrow(expect.objectContaining({ code: 'ERR_UNSUPPORTED' }))
  })
})
