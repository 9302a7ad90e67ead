import { existsSync, readFileSync } from 'node:fs'
import { temporaryFolder } from '@shellflip/testing'
import { describe, expect, it } from 'vitest'
import { localAddress } from './socket-address.ts'
import { checkUnixAddress, maxUnixAddressBytes } from './unix-address.ts'
import { UnixSocket } from './unix-socket.ts'

const linuxOnly = describe.runIf(process.platform === 'linux')

describe('a UNIX socket address', () => {
  it('has a limit, which the error names', () => {
    expect(maxUnixAddressBytes).toBe(process.platform === 'linux' ? 107 : 103)
    const longest = `/${'x'.repeat(maxUnixAddressBytes - 1)}`
    expect(checkUnixAddress(longest)).toBe(longest)
    const tooLong = expect.objectContaining({
      code: 'ERR_ADDRESS_TOO_LONG',
      message: expect.stringContaining(`takes ${maxUnixAddressBytes}`),
    })
    expect(() => checkUnixAddress(`${longest}x`)).toThrow(tooLong)
    expect(() => UnixSocket.connect({ type: 'stream', address: `${longest}x` })).toThrow(tooLong)
  })

  it('is measured in bytes, not in characters', () => {
    expect(() => checkUnixAddress(`/${'é'.repeat(60)}`)).toThrow(/has 121 bytes/)
  })

  it.each(['', '@', '/a\0b'])('is not %j', (address) => {
    expect(() => checkUnixAddress(address)).toThrow(expect.objectContaining({ code: 'ERR_INVALID_ARGUMENT' }))
  })

  it('may be a path as long as the system takes', async () => {
    using folder = temporaryFolder()
    const address = folder.path.padEnd(maxUnixAddressBytes - 1, '/').concat('s')
    expect(Buffer.byteLength(address)).toBe(maxUnixAddressBytes)
    using bound = UnixSocket.bind({ type: 'datagram', address })
    using client = UnixSocket.connect({ type: 'datagram', address })
    await client.send('reached')
    expect((await bound.receive())?.data.toString()).toBe('reached')
    expect(localAddress(bound.fd)).toEqual({ family: 'unix', path: address })
    expect(existsSync(folder.join('s'))).toBe(true)
  })
})

linuxOnly('an abstract address', () => {
  it.each([1, 20, 106])('of %d bytes has exactly that length in the kernel', (length) => {
    const name = `@${process.pid}-${'n'.repeat(200)}`.slice(0, length + 1)
    using bound = UnixSocket.bind({ type: 'datagram', address: name })
    expect(localAddress(bound.fd)).toEqual({ family: 'unix', path: name })
    const listed = readFileSync('/proc/net/unix', 'latin1')
      .split('\n')
      .map((line) => line.split(' ').at(-1))
    expect(listed).toContain(name)
  })

  it('is another one with a NUL at its end, as others write it', async () => {
    using bound = UnixSocket.bind({ type: 'datagram', address: `@${process.pid}-exact` })
    expect(() => UnixSocket.connect({ type: 'datagram', address: `@${process.pid}-exac` })).toThrow(
      expect.objectContaining({ errno: 'ECONNREFUSED' }),
    )
    using client = UnixSocket.connect({ type: 'datagram', address: `@${process.pid}-exact` })
    await client.send('here')
    expect((await bound.receive())?.data.toString()).toBe('here')
  })
})
