import { constants } from 'node:os'
import { describe, expect, it } from 'vitest'
import { checked, FdPassingError, systemError } from './error.ts'
import { native } from './native.ts'

describe('systemError', () => {
  it('names the system call, its subject and the errno, and says what to do', () => {
    const error = systemError('connect', -constants.errno.ECONNREFUSED, '/run/app.sock')
    expect(error).toBeInstanceOf(FdPassingError)
    expect(error).toMatchObject({ code: 'ERR_SYSTEM', errno: 'ECONNREFUSED', syscall: 'connect' })
    expect(error.message).toBe(
      'connect /run/app.sock failed: ECONNREFUSED (no process listens there any more)',
    )
  })

  it('gives what a program decides by a code of its own', () => {
    expect(systemError('sendmsg', -constants.errno.EMSGSIZE).code).toBe('ERR_MESSAGE_TOO_LARGE')
    expect(systemError('memfd_create', -constants.errno.ENOTSUP).code).toBe('ERR_UNSUPPORTED')
    expect(systemError('pidfd_open', -constants.errno.ENOSYS).code).toBe('ERR_UNSUPPORTED')
  })

  it('names the errno of too many descriptors in flight, which Node does not know', () => {
    const error = systemError('sendmsg', -native.ETOOMANYREFS)
    expect(error.errno).toBe('ETOOMANYREFS')
    expect(error.message).toMatch(/in flight.*ulimit -n, LimitNOFILE=/)
  })

  it('names an unknown errno by its number', () => {
    expect(systemError('sendmsg', -999).errno).toBe('errno 999')
  })
})

describe('checked', () => {
  it('passes a result through', () => {
    expect(checked(7, 'dup')).toBe(7)
    expect(checked<[number, number]>([1, 2], 'pipe')).toEqual([1, 2])
  })

  it('throws what a negative errno means', () => {
    expect(() => checked(-constants.errno.EMFILE, 'dup')).toThrow(/EMFILE .*Raise its limit/)
  })
})
