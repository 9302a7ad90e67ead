import { once } from 'node:events'
import { existsSync, statSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { temporaryFolder } from '@shellflip/testing'
import { describe, expect, it } from 'vitest'
import { isCloexec } from './descriptors.ts'
import { bindUdp, listenTcp, listenUnix } from './listeners.ts'
import { serverFrom } from './node-handles.ts'
import type { OwnedFd } from './owned-fd.ts'
import { localAddress } from './socket-address.ts'
import { hasIpv6 } from './testing/ipv6.ts'

function portOf(socket: OwnedFd): number {
  const address = localAddress(socket.fd)
  if (address.family === 'unix') throw new Error('no port')
  return address.port
}

describe('listenTcp', () => {
  it('queues a connection until a server takes the socket over', async () => {
    const listening = listenTcp({ host: '127.0.0.1', port: 0 })
    expect(isCloexec(listening.fd)).toBe(true)
    const client = connect(portOf(listening), '127.0.0.1')
    await once(client, 'connect')
    client.end('asked before anybody listened')

    const server = await serverFrom(
      listening,
      createServer((connection) => connection.pipe(connection)),
    )
    expect(listening.closed).toBe(true)
    expect((await client.setEncoding('utf8').toArray()).join('')).toBe('asked before anybody listened')
    server.close()
    await once(server, 'close')
  })

  it.runIf(hasIpv6)('binds each address family by itself', () => {
    using four = listenTcp({ host: '0.0.0.0', port: 0 })
    using six = listenTcp({ host: '::', port: portOf(four), ipv6Only: true })
    expect(localAddress(four.fd)).toEqual({ family: 'IPv4', address: '0.0.0.0', port: portOf(six) })
    expect(localAddress(six.fd)).toEqual({ family: 'IPv6', address: '::', port: portOf(four) })
  })

  it.runIf(hasIpv6)('accepts IPv4 on :: unless ipv6Only is set', async () => {
    using both = listenTcp({ host: '::', port: 0 })
    const client = connect(portOf(both), '127.0.0.1')
    await once(client, 'connect')
    client.destroy()
    using six = listenTcp({ host: '::', port: 0, ipv6Only: true })
    const refused = connect(portOf(six), '127.0.0.1')
    const [error] = await once(refused, 'error').catch((reason) => [reason])
    expect(error.code).toBe('ECONNREFUSED')
  })

  it('shares an address only if all who have it say so', () => {
    using first = listenTcp({ host: '127.0.0.1', port: 0, reusePort: true })
    const same = { host: '127.0.0.1', port: portOf(first) }
    using second = listenTcp({ ...same, reusePort: true })
    expect(portOf(second)).toBe(same.port)
    expect(() => listenTcp(same)).toThrow(
      expect.objectContaining({ code: 'ERR_SYSTEM', errno: 'EADDRINUSE' }),
    )
  })

  it('can be bound again while connections of its predecessor linger', async () => {
    const first = listenTcp({ host: '127.0.0.1', port: 0 })
    const port = portOf(first)
    const server = await serverFrom(
      first,
      createServer((connection) => connection.end('bye')),
    )
    const client = connect(port, '127.0.0.1')
    await once(client.resume(), 'close')
    server.close()
    await once(server, 'close')
    using second = listenTcp({ host: '127.0.0.1', port })
    expect(portOf(second)).toBe(port)
  })

  it.each([
    { host: 'localhost', port: 0 },
    { host: '', port: 0 },
    { host: '127.0.0.1', port: -1 },
    { host: '127.0.0.1', port: 65536 },
    { host: '127.0.0.1', port: 0, backlog: -1 },
  ])('refuses %j', (options) => {
    expect(() => listenTcp(options)).toThrow(expect.objectContaining({ code: 'ERR_INVALID_ARGUMENT' }))
  })

  it('reports an address that this machine does not have', () => {
    expect(() => listenTcp({ host: '192.0.2.1', port: 0 })).toThrow(
      expect.objectContaining({ errno: 'EADDRNOTAVAIL' }),
    )
  })
})

describe('bindUdp', () => {
  it('is bound to the address alone', () => {
    using first = bindUdp({ host: '127.0.0.1', port: 0 })
    const same = { host: '127.0.0.1', port: portOf(first) }
    expect(() => bindUdp(same)).toThrow(expect.objectContaining({ errno: 'EADDRINUSE' }))
  })

  it.runIf(hasIpv6)('speaks IPv6', () => {
    using six = bindUdp({ host: '::1', port: 0 })
    expect(localAddress(six.fd)).toMatchObject({ family: 'IPv6', address: '::1' })
  })
})

describe('listenUnix', () => {
  it('makes the path with the requested permissions, whatever the umask', async () => {
    using folder = temporaryFolder()
    const umask = process.umask(0o022)
    try {
      for (const mode of [0o600, 0o660, 0o666]) {
        const path = folder.join(mode.toString(8))
        using listening = listenUnix({ path, mode })
        expect(statSync(path).mode & 0o777).toBe(mode)
        expect(localAddress(listening.fd)).toEqual({ family: 'unix', path })
      }
    } finally {
      process.umask(umask)
    }
  })

  it.runIf(process.geteuid?.() === 0)('gives the path to a user and a group', () => {
    using folder = temporaryFolder()
    for (const [owner, uid, gid] of [
      [{ gid: 33 }, 0, 33],
      [{ uid: 65534 }, 65534, 0],
      [{ uid: 65534, gid: 33 }, 65534, 33],
    ] as const) {
      const path = folder.join(`${uid}-${gid}`)
      using _listening = listenUnix({ path, mode: 0o660, owner })
      expect(statSync(path)).toMatchObject({ uid, gid })
      expect(statSync(path).mode & 0o7777).toBe(0o660)
    }
  })

  it('takes an owner with a mode only', () => {
    using folder = temporaryFolder()
    const path = folder.join('s')
    expect(() => listenUnix({ path, owner: { gid: 33 } })).toThrow(
      expect.objectContaining({ code: 'ERR_INVALID_ARGUMENT' }),
    )
    expect(existsSync(path)).toBe(false)
  })

  it('never takes a path that exists', () => {
    using folder = temporaryFolder()
    using _first = listenUnix({ path: folder.join('s') })
    expect(() => listenUnix({ path: folder.join('s') })).toThrow(
      expect.objectContaining({ errno: 'EADDRINUSE' }),
    )
    expect(existsSync(folder.join('s'))).toBe(true)
  })

  it('does not unlink its path, even after a server had it', async () => {
    using folder = temporaryFolder()
    const server = await serverFrom(listenUnix({ path: folder.join('s') }), createServer())
    server.close()
    await once(server, 'close')
    expect(existsSync(folder.join('s'))).toBe(true)
  })
})

describe('localAddress', () => {
  it('reports that a file is not a socket', () => {
    expect(() => localAddress(0x7fffffff)).toThrow(expect.objectContaining({ errno: 'EBADF' }))
  })
})
