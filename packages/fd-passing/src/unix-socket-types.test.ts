import { setTimeout as delay } from 'node:timers/promises'
import { temporaryFolder } from '@shellflip/testing'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { pipe } from './descriptors.ts'
import { listenTcp } from './listeners.ts'
import { native } from './native.ts'
import { OwnedFd } from './owned-fd.ts'
import { localAddress } from './socket-address.ts'
import { sameFile } from './testing/descriptors.ts'
import { collect, received, writersGone } from './testing/messages.ts'
import { socketpair } from './unix-endpoint.ts'
import { UnixSocket } from './unix-socket.ts'

const onLinux = process.platform === 'linux'
const types = onLinux ? (['stream', 'seqpacket', 'datagram'] as const) : (['stream', 'datagram'] as const)
const asRoot = onLinux && process.geteuid?.() === 0

describe('a datagram UnixSocket', () => {
  it('receives at an address, reports the sender’s, and answers there', async () => {
    using folder = temporaryFolder()
    using server = UnixSocket.bind({ type: 'datagram', address: folder.join('server') })
    using client = UnixSocket.bind({ type: 'datagram', address: folder.join('client') })
    await client.send('question', { to: folder.join('server') })
    const { data, from } = received(await server.receive())
    expect([data.toString(), from]).toEqual(['question', folder.join('client')])
    await server.send('answer', { to: folder.join('client') })
    expect(received(await client.receive()).data.toString()).toBe('answer')
    using anonymous = UnixSocket.connect({ type: 'datagram', address: folder.join('server') })
    await anonymous.send('guess who')
    expect(received(await server.receive()).from).toBeUndefined()
  })

  it('may be empty', async () => {
    const [sender, receiver] = UnixSocket.pair('datagram')
    using _sender = sender
    using _receiver = receiver
    await sender.send('')
    expect(received(await receiver.receive()).data).toHaveLength(0)
  })

  it('waits for room in the queue of a receiver it is not connected to', async () => {
    using folder = temporaryFolder()
    const to = folder.join('s')
    using receiver = UnixSocket.bind({ type: 'datagram', address: to })
    using sender = UnixSocket.adopt(unconnectedDatagramSocket())
    const count = 2000
    const sends = Array.from({ length: count }, (_, index) => sender.send(String(index), { to }))
    for (let index = 0; index < count; index++) {
      expect(received(await receiver.receive()).data.toString()).toBe(String(index))
    }
    await Promise.all(sends)
  })

  it('reports that no process receives', async () => {
    using folder = temporaryFolder()
    const address = folder.join('s')
    const receiver = UnixSocket.bind({ type: 'datagram', address })
    using sender = UnixSocket.connect({ type: 'datagram', address })
    receiver.close()
    await expect(sender.send('x')).rejects.toMatchObject({ code: 'ERR_SYSTEM', errno: 'ECONNREFUSED' })
    await expect(sender.send('x', { to: folder.join('none') })).rejects.toMatchObject({ errno: 'ENOENT' })
  })

  it('carries 253 fds and no more', async () => {
    const [sender, receiver] = UnixSocket.pair('datagram')
    using _sender = sender
    using _receiver = receiver
    const { reader, writer } = pipe()
    using _reader = reader
    writer.close()
    const fds = Array.from({ length: 254 }, () => reader)
    await expect(sender.send('many', { fds })).rejects.toMatchObject({ code: 'ERR_INVALID_ARGUMENT' })
    await sender.send('many', { fds: fds.slice(1) })
    const message = received(await receiver.receive({ fdCount: 253 }))
    for (const fd of message.fds) fd.close()
  })

  it('takes an address only where it has none', async () => {
    const [sender, receiver] = UnixSocket.pair('stream')
    using _sender = sender
    using _receiver = receiver
    await expect(sender.send('x', { to: '/s' })).rejects.toMatchObject({ code: 'ERR_INVALID_ARGUMENT' })
  })
})

describe('a message too large', () => {
  it('is refused when sent, and nothing of it goes', async () => {
    const [sender, receiver] = UnixSocket.pair('datagram')
    using _sender = sender
    using _receiver = receiver
    await expect(sender.send(Buffer.alloc(16 * 1024 * 1024))).rejects.toMatchObject({
      code: 'ERR_MESSAGE_TOO_LARGE',
      errno: 'EMSGSIZE',
    })
    await sender.send('small')
    expect(received(await receiver.receive()).data.toString()).toBe('small')
  })

  it.runIf(asRoot)('is refused when received, with its fds closed, and the next one comes', async () => {
    const [sender, receiver] = UnixSocket.pair('seqpacket')
    using _sender = sender
    using _receiver = receiver
    const SO_SNDBUFFORCE = 32
    native.setOption(sender.fd, native.SOL_SOCKET, SO_SNDBUFFORCE, 8 * 1024 * 1024)
    const { reader, writer } = pipe()
    using _reader = reader
    await sender.send(Buffer.alloc(UnixSocket.maxMessageSize + 1), { fds: [writer] })
    writer.close()
    await sender.send(Buffer.alloc(UnixSocket.maxMessageSize))
    await expect(receiver.receive()).rejects.toMatchObject({ code: 'ERR_MESSAGE_TOO_LARGE' })
    await writersGone(reader)
    expect(received(await receiver.receive()).data).toHaveLength(UnixSocket.maxMessageSize)
  })
})

describe('a stream UnixSocket', () => {
  it('sends fds once with a message that goes in many writes', async () => {
    const [sender, receiver] = UnixSocket.pair('stream')
    using _receiver = receiver
    const { reader, writer } = pipe()
    using _reader = reader
    writer.close()
    const data = Buffer.alloc(3 * 1024 * 1024, 'abcdefg')
    const sent = sender.send(data, { fds: [reader] }).then(() => sender.close())
    const parts = await collect(receiver)
    await sent
    expect(Buffer.concat(parts.map((part) => part.data)).equals(data)).toBe(true)
    expect(parts[0]?.fds).toHaveLength(1)
    expect(parts.flatMap(({ fds }) => fds)).toHaveLength(1)
    parts[0]?.fds[0]?.close()
  })

  it('sends nothing more after a message of which only a part went', async () => {
    const [sender, receiver] = UnixSocket.pair('stream')
    using _sender = sender
    using _receiver = receiver
    const { reader, writer } = pipe()
    using _reader = reader
    const fds = [...Array.from({ length: 253 }, () => reader), writer]
    const filling = sender.send(Buffer.alloc(4 * 1024 * 1024))
    const sends = [sender.send('two parts', { fds }), sender.send('next')]
    const refusals = sends.map((send) => expect(send).rejects.toMatchObject({ code: 'ERR_FD_CLOSED' }))
    writer.close()
    let message = received(await receiver.receive())
    while (message.fds.length === 0) message = received(await receiver.receive())
    expect(message.data.at(-1)).toBe('t'.charCodeAt(0))
    for (const fd of message.fds) fd.close()
    await filling
    await Promise.all(refusals)
    await expect(sender.send('later')).rejects.toMatchObject({ code: 'ERR_FD_CLOSED' })
  })

  it('brings all bytes and all fds in order, however they are sent and read', async () => {
    const messages = fc.array(
      fc.record({ size: fc.integer({ min: 1, max: 70_000 }), fdCount: fc.nat({ max: 5 }) }),
      {
        maxLength: 30,
      },
    )
    const { reader, writer } = pipe()
    using _reader = reader
    using _writer = writer
    await fc.assert(
      fc.asyncProperty(messages, async (plan) => {
        const [sender, receiver] = UnixSocket.pair('stream')
        using _receiver = receiver
        const data = plan.map(({ size }, index) => Buffer.alloc(size, index + 1))
        const sending = Promise.all(
          plan.map(({ fdCount }, index) =>
            sender.send(data[index] as Buffer, { fds: Array.from({ length: fdCount }, () => writer) }),
          ),
        ).then(() => sender.close())
        const parts = await collect(receiver)
        await sending
        expect(Buffer.concat(parts.map((part) => part.data)).equals(Buffer.concat(data))).toBe(true)
        expectInOrder(
          parts.map((part) => [part.data.length, part.fds.length]),
          plan.map(({ size, fdCount }) => [size, fdCount]),
        )
        for (const { fds } of parts) for (const fd of fds) fd.close()
      }),
      { numRuns: 30 },
    )
  })
})

type Extent = [size: number, fdCount: number]

/**
 * Bytes sent before may be read together with those that carry fds, never bytes after the next fds (unix(7)): so
 * each arrival has the fds of one message at most, and covers the byte they were sent with.
 */
function expectInOrder(arrived: Extent[], sent: Extent[]): void {
  const expected = carriers(sent)
  for (const { start, end, fdCount } of carriers(arrived)) {
    const next = expected.shift()
    expect(next?.fdCount).toBe(fdCount)
    expect(next?.start).toBeGreaterThanOrEqual(start)
    expect(next?.start).toBeLessThan(end)
  }
  expect(expected).toEqual([])
}

function carriers(messages: Extent[]): { start: number; end: number; fdCount: number }[] {
  let end = 0
  return messages
    .map(([size, fdCount]) => {
      end += size
      return { start: end - size, end, fdCount }
    })
    .filter(({ fdCount }) => fdCount > 0)
}

describe('waiting', () => {
  it('leaves the event loop asleep, for a message as for room', async () => {
    using folder = temporaryFolder()
    const to = folder.join('s')
    using full = UnixSocket.bind({ type: 'datagram', address: to })
    using unconnected = UnixSocket.adopt(unconnectedDatagramSocket())
    const pairs = types.map((type) => UnixSocket.pair(type))
    const blocked = [
      ...Array.from({ length: 1000 }, () => unconnected.send('x', { to })),
      ...pairs.flatMap(([sender]) => Array.from({ length: 1000 }, () => sender.send(Buffer.alloc(1000)))),
      ...pairs.map(([sender]) => sender.receive()),
    ]
    const start = performance.eventLoopUtilization()
    // No event is waited for here: this is the time over which idleness is measured.
    await delay(200)
    const { utilization } = performance.eventLoopUtilization(start)
    for (const socket of [full, unconnected, ...pairs.flat()]) socket.close()
    const outcomes = await Promise.allSettled(blocked)
    expect(outcomes.at(999)?.status).toBe('rejected')
    // A loop that spins is never idle.
    expect(utilization).toBeLessThan(0.9)
  })
})

describe('adopting', () => {
  it('takes a descriptor over, which its former owner can no longer close', async () => {
    const [left, right] = socketpair('stream')
    using one = UnixSocket.adopt(left)
    using other = UnixSocket.adopt(right)
    expect([left.closed, one.type]).toEqual([true, 'stream'])
    left.close()
    await one.send('still open')
    expect(received(await other.receive()).data.toString()).toBe('still open')
  })

  it('refuses what is not a UNIX socket, and leaves it to its owner', () => {
    using tcp = listenTcp({ host: '127.0.0.1', port: 0 })
    expect(() => UnixSocket.adopt(tcp)).toThrow(expect.objectContaining({ code: 'ERR_INVALID_ARGUMENT' }))
    const { reader, writer } = pipe()
    using _writer = writer
    using _reader = reader
    expect(() => UnixSocket.adopt(reader)).toThrow(expect.objectContaining({ errno: 'ENOTSOCK' }))
    expect([tcp.closed, reader.closed]).toEqual([false, false])
  })
})

function unconnectedDatagramSocket(): OwnedFd {
  return new OwnedFd(native.socket(native.AF_UNIX, native.SOCK_DGRAM))
}

describe.runIf(onLinux)('an empty seqpacket message', () => {
  /** The peer's end, whose send() of ours refuses an empty message. */
  const sendTo = (fd: number, size: number, fds?: number[]) =>
    native.send(fd, new Uint8Array(size), fds && Int32Array.from(fds), undefined, undefined)

  it.each([
    ['without credentials', false],
    ['with credentials', true],
  ])('is a message, and not the end, %s', async (_, passCredentials) => {
    const [left, right] = socketpair('seqpacket')
    using receiver = UnixSocket.adopt(right, { passCredentials })
    for (const size of [1, 0, 0, 2]) sendTo(left.fd, size)
    left.close()
    const messages = await collect(receiver)
    expect(messages.map(({ data }) => data.length)).toEqual([1, 0, 0, 2])
    expect(
      messages.every(({ credentials }) => credentials?.pid === (passCredentials ? process.pid : undefined)),
    ).toBe(true)
    expect(await receiver.receive()).toBeNull()
    expect(receiver.receiveNow()).toBeNull()
  })

  it('comes to one who waits, and the end after it too', async () => {
    const [left, right] = socketpair('seqpacket')
    using receiver = UnixSocket.adopt(right)
    const first = receiver.receive()
    sendTo(left.fd, 0)
    expect(received(await first).data).toHaveLength(0)
    const second = receiver.receive()
    expect(native.shutdownWrites(left.fd)).toBe(0)
    expect(await second).toBeNull()
    left.close()
  })

  it('is there for receiveNow(), and brings its fds', () => {
    const [left, right] = socketpair('seqpacket')
    using receiver = UnixSocket.adopt(right)
    sendTo(left.fd, 0)
    sendTo(left.fd, 0, [left.fd])
    expect(receiver.receiveNow()?.data).toHaveLength(0)
    const [fd] = receiver.receiveNow()?.fds ?? []
    expect(fd && sameFile(fd.fd, left.fd)).toBe(true)
    expect(receiver.receiveNow()).toBeUndefined()
    fd?.close()
    left.close()
  })

  it('leaves SO_PASSCRED as it was', async () => {
    const [left, right] = socketpair('seqpacket')
    using receiver = UnixSocket.adopt(right)
    sendTo(left.fd, 0)
    await receiver.receive()
    expect(native.getOption(receiver.fd, native.SOL_SOCKET, native.SO_PASSCRED as number)).toBe(0)
    expect(localAddress(receiver.fd)).toEqual({ family: 'unix', path: '' })
    left.close()
  })
})
