import { closeSync, fstatSync, openSync, readFileSync, writeSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { dup, isCloexec, pipe, setCloexec } from './descriptors.ts'
import { OwnedFd } from './owned-fd.ts'
import { sameFile } from './testing/descriptors.ts'

const devNull = () => openSync('/dev/null', 'r')

describe('OwnedFd', () => {
  it('closes the descriptor once, however often close() is called', () => {
    const number = devNull()
    const owned = new OwnedFd(number)
    owned.close()
    expect(() => fstatSync(number)).toThrow(/EBADF/)
    const reused = devNull()
    expect(reused).toBe(number)
    owned.close()
    owned[Symbol.dispose]()
    expect(fstatSync(reused).isCharacterDevice()).toBe(true)
    closeSync(reused)
  })

  it('closes at the end of its scope', () => {
    let number: number
    {
      using owned = new OwnedFd(devNull())
      number = owned.fd
    }
    expect(() => fstatSync(number)).toThrow(/EBADF/)
  })

  it('is of no use after close()', () => {
    const owned = new OwnedFd(devNull())
    expect(owned.closed).toBe(false)
    owned.close()
    expect(owned.closed).toBe(true)
    for (const use of [() => owned.fd, () => owned.dup(), () => owned.release()]) {
      expect(use).toThrow(expect.objectContaining({ code: 'ERR_FD_CLOSED' }))
    }
  })

  it('gives the number away and leaves it open', () => {
    const owned = new OwnedFd(devNull())
    const number = owned.release()
    expect(owned.closed).toBe(true)
    owned.close()
    expect(fstatSync(number).isCharacterDevice()).toBe(true)
    closeSync(number)
  })

  it('duplicates to an owner of its own', () => {
    using owned = new OwnedFd(devNull())
    using copy = owned.dup()
    expect(copy.fd).not.toBe(owned.fd)
    expect(sameFile(copy.fd, owned.fd)).toBe(true)
    expect(isCloexec(copy.fd)).toBe(true)
    owned.close()
    expect(fstatSync(copy.fd).isCharacterDevice()).toBe(true)
  })

  it('reports that other code closed its descriptor', () => {
    const owned = new OwnedFd(devNull())
    closeSync(owned.fd)
    expect(() => owned.close()).toThrow(expect.objectContaining({ code: 'ERR_SYSTEM', errno: 'EBADF' }))
    expect(owned.closed).toBe(true)
  })

  it.each([-1, 1.5, Number.NaN, 2 ** 31])('refuses %d', (number) => {
    expect(() => new OwnedFd(number)).toThrow(expect.objectContaining({ code: 'ERR_INVALID_ARGUMENT' }))
  })
})

describe('descriptors', () => {
  it('makes a pipe that children do not inherit', () => {
    const { reader, writer } = pipe()
    using _reader = reader
    writeSync(writer.fd, 'through')
    expect([isCloexec(reader.fd), isCloexec(writer.fd)]).toEqual([true, true])
    writer.close()
    expect(readFileSync(reader.fd, 'utf8')).toBe('through')
  })

  it('sets and clears CLOEXEC', () => {
    using owned = dup(1)
    setCloexec(owned.fd, false)
    expect(isCloexec(owned.fd)).toBe(false)
    setCloexec(owned.fd, true)
    expect(isCloexec(owned.fd)).toBe(true)
  })

  it('names what a descriptor that is not open cannot do', () => {
    const closed = devNull()
    closeSync(closed)
    for (const use of [() => dup(closed), () => isCloexec(closed), () => setCloexec(closed, true)]) {
      expect(use).toThrow(expect.objectContaining({ code: 'ERR_SYSTEM', errno: 'EBADF' }))
    }
  })
})
