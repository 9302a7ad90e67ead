import { fstatSync, readdirSync, readlinkSync } from 'node:fs'
import { TestProcess, waitFor } from '@shellflip/testing'
import { describe, expect, it } from 'vitest'
import { duplicateFrom } from './duplicate-from.ts'
import { listenTcp, localAddress } from './index.ts'

/** Traces of another process are allowed to root. Elsewhere Yama may forbid them. */
const mayTrace = process.platform === 'linux' && process.geteuid?.() === 0

describe.runIf(mayTrace)('duplicateFrom', () => {
  it('shares the listening socket of another process', async () => {
    using listener = listenTcp({ host: '127.0.0.1', port: 0 })
    const { ino } = fstatSync(listener.fd)
    await using other = TestProcess.start('sleep', ['60'], { extraFds: [listener.fd] })
    const address = localAddress(listener.fd)
    const folder = `/proc/${other.pid}/fd`
    const number = await waitFor(() =>
      readdirSync(folder).find((fd) => readlinkSync(`${folder}/${fd}`) === `socket:[${ino}]`),
    )
    using taken = duplicateFrom(other.pid, Number(number))
    expect(fstatSync(taken.fd).ino).toBe(ino)
    expect(localAddress(taken.fd)).toEqual(address)
  })

  it('says what is missing: the descriptor, the process', async () => {
    await using other = TestProcess.start('sleep', ['60'])
    expect(() => duplicateFrom(other.pid, 999)).toThrow(/pidfd_getfd.*EBADF|EBADF.*pidfd_getfd/)
    other.kill('SIGKILL')
    await other.exit
    expect(() => duplicateFrom(other.pid, 0)).toThrow(/ESRCH/)
  })
})
