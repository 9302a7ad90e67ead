import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { closeSync, openSync } from 'node:fs'
import { type AddressInfo, connect, createServer, Socket } from 'node:net'
import { TLSSocket } from 'node:tls'
import { temporaryFolder } from '@shellflip/testing'
import { describe, expect, it } from 'vitest'
import { pipe } from './descriptors.ts'
import { bindUdp, listenTcp, listenUnix } from './listeners.ts'
import { dgramFrom, dupOf, fdOf, serverFrom, socketFrom } from './node-handles.ts'
import { OwnedFd } from './owned-fd.ts'
import { Readiness, readable } from './readiness.ts'
import { localAddress } from './socket-address.ts'
import { sameFile } from './testing/descriptors.ts'
import { hasIpv6 } from './testing/ipv6.ts'
import { socketpair } from './unix-endpoint.ts'
import { UnixSocket } from './unix-socket.ts'

const closedError = expect.objectContaining({ code: 'ERR_FD_CLOSED' })
const argumentError = expect.objectContaining({ code: 'ERR_INVALID_ARGUMENT' })

describe('fdOf and dupOf', () => {
  it('find the descriptor of a server, a connection and a UDP socket', async () => {
    const server = createServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as AddressInfo
    const client = connect(port, '127.0.0.1')
    await once(client, 'connect')
    const udp = createSocket('udp4').bind(0, '127.0.0.1')
    await once(udp, 'listening')

    expect(localAddress(fdOf(server))).toEqual({ family: 'IPv4', address: '127.0.0.1', port })
    expect(localAddress(fdOf(client))).toMatchObject({ port: client.localPort })
    expect(localAddress(fdOf(udp))).toMatchObject({ port: udp.address().port })

    using copy = dupOf(server)
    expect(sameFile(copy.fd, fdOf(server))).toBe(true)
    client.destroy()
    udp.close()
    server.close()
    await once(server, 'close')
    expect(localAddress(copy.fd)).toMatchObject({ port })
    expect(() => fdOf(server)).toThrow(closedError)
    expect(() => fdOf(udp)).toThrow(closedError)
  })

  it('say that there is none yet', () => {
    expect(() => fdOf(createServer())).toThrow(closedError)
    expect(() => fdOf(new Socket())).toThrow(closedError)
    const udp = createSocket('udp4')
    expect(() => fdOf(udp)).toThrow(
      expect.objectContaining({ code: expect.stringMatching(/CLOSED|UNSUPPORTED/) }),
    )
    udp.close()
  })

  it('refuse a TLS socket, whose keys stay here', () => {
    const [left, right] = socketpair('stream')
    using _right = right
    const socket = new TLSSocket(socketFrom(left))
    expect(() => fdOf(socket)).toThrow(argumentError)
    socket.destroy()
  })
})

describe('adopting', () => {
  it('makes connections of a socketpair', async () => {
    const [left, right] = socketpair('stream')
    const [one, other] = [socketFrom(left), socketFrom(right, { allowHalfOpen: true })]
    expect([left.closed, right.closed]).toEqual([true, true])
    one.end('ping')
    expect((await other.setEncoding('utf8').toArray()).join('')).toBe('ping')
    other.end()
    await once(one.resume(), 'close')
  })

  it('makes a UDP socket of either family, with what was queued meanwhile', async () => {
    for (const host of hasIpv6 ? ['127.0.0.1', '::1'] : ['127.0.0.1']) {
      const bound = bindUdp({ host, port: 0 })
      const address = localAddress(bound.fd) as { port: number }
      const client = createSocket(host === '::1' ? 'udp6' : 'udp4')
      await new Promise<void>((resolve, reject) =>
        client.send('early', address.port, host, (error) => (error ? reject(error) : resolve())),
      )
      const socket = await dgramFrom(bound)
      const [data] = await once(socket, 'message')
      expect(String(data)).toBe('early')
      socket.close()
      client.close()
    }
  })

  it('refuses what does not fit and leaves it to its owner', async () => {
    using datagram = bindUdp({ host: '127.0.0.1', port: 0 })
    using stream = listenTcp({ host: '127.0.0.1', port: 0 })
    const [left, right] = socketpair('datagram')
    using _left = left
    using _right = right
    await expect(serverFrom(datagram, createServer())).rejects.toEqual(argumentError)
    await expect(serverFrom(stream, createServer(), { backlog: -1 })).rejects.toEqual(argumentError)
    expect(() => socketFrom(datagram)).toThrow(argumentError)
    await expect(dgramFrom(stream)).rejects.toEqual(argumentError)
    await expect(dgramFrom(left)).rejects.toEqual(argumentError)
    using file = new OwnedFd(openSync('/dev/null', 'r'))
    expect(() => socketFrom(file)).toThrow(expect.objectContaining({ errno: 'ENOTSOCK' }))
    expect([datagram.closed, stream.closed, left.closed, file.closed]).toEqual([false, false, false, false])
  })

  it.each([undefined, 0, 3, 600])('keeps a backlog of %s', async (backlog) => {
    using folder = temporaryFolder()
    const path = folder.join('s')
    const server = await serverFrom(
      listenUnix({ path, backlog: 7 }),
      createServer(),
      backlog === undefined ? {} : { backlog },
    )
    // Nothing is accepted in this turn of the event loop. Linux queues one more than the backlog says.
    const queued: UnixSocket[] = []
    expect(() => {
      while (queued.length < 1000) queued.push(UnixSocket.connect({ type: 'stream', address: path }))
    }).toThrow(expect.objectContaining({ errno: 'EAGAIN' }))
    expect(queued).toHaveLength((backlog ?? 511) + 1)
    for (const socket of queued) socket.close()
    server.close()
  })

  it('rejects for a server that listens already, and leaves the descriptor to its owner', async () => {
    const server = createServer().listen(0, '127.0.0.1')
    await once(server, 'listening')
    using listening = listenTcp({ host: '127.0.0.1', port: 0 })
    await expect(serverFrom(listening, server)).rejects.toMatchObject({ code: 'ERR_SERVER_ALREADY_LISTEN' })
    expect(localAddress(listening.fd).family).toBe('IPv4')
    expect(['error', 'listening', 'close'].map((event) => server.listenerCount(event))).toEqual([0, 0, 0])
    server.close()
  })

  it('rejects where Node cannot have the descriptor, and leaves it to its owner', async () => {
    for (const [open, adopt] of [
      [() => listenTcp({ host: '127.0.0.1', port: 0 }), (fd) => serverFrom(fd, createServer())],
      [() => bindUdp({ host: '127.0.0.1', port: 0 }), dgramFrom],
    ] satisfies [() => OwnedFd, (fd: OwnedFd) => Promise<unknown>][]) {
      using fd = open()
      const watched = new Readiness(fd.fd, () => {})
      watched.want(readable)
      await expect(adopt(fd)).rejects.toMatchObject({ code: 'EEXIST' })
      watched.close()
      expect(localAddress(fd.fd).family).toBe('IPv4')
    }
  })

  it('rejects for a socket that cannot listen, and leaves it open', async () => {
    const [left, right] = socketpair('stream')
    using _left = left
    using _right = right
    await expect(serverFrom(left, createServer())).rejects.toMatchObject({
      errno: 'EINVAL',
      syscall: 'listen',
    })
    expect(localAddress(left.fd).family).toBe('unix')
  })

  it('rejects for a server that is closed meanwhile', async () => {
    const server = createServer()
    const adopted = serverFrom(listenTcp({ host: '127.0.0.1', port: 0 }), server)
    server.close()
    await expect(adopted).rejects.toEqual(closedError)
  })

  it('refuses a pipe, which is not a socket', () => {
    const { reader, writer } = pipe()
    expect(() => socketFrom(reader)).toThrow(expect.objectContaining({ errno: 'ENOTSOCK' }))
    closeSync(reader.release())
    writer.close()
  })
})
