import { writeSync } from 'node:fs'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { isCloexec, pipe } from './descriptors.ts'
import { sameFile } from './testing/descriptors.ts'
import { collect, received, writersGone } from './testing/messages.ts'
import { UnixSocket } from './unix-socket.ts'

const onLinux = process.platform === 'linux'
const connected = onLinux ? (['stream', 'seqpacket'] as const) : (['stream'] as const)
const types = [...connected, 'datagram'] as const

describe.each(types)('a %s UnixSocket', (type) => {
  it('carries bytes and fds, and leaves the sender its own', async () => {
    const [sender, receiver] = UnixSocket.pair(type)
    using _sender = sender
    using _receiver = receiver
    const { reader, writer } = pipe()
    using _reader = reader
    using _writer = writer
    await sender.send('two ends', { fds: [reader, writer] })
    const { data, fds } = received(await receiver.receive())
    expect(data.toString()).toBe('two ends')
    expect(fds.map(({ fd }) => isCloexec(fd))).toEqual([true, true])
    expect(sameFile(fds[0]?.fd as number, reader.fd)).toBe(true)
    expect(fds[1]?.fd).not.toBe(writer.fd)
    expect([reader.closed, writer.closed]).toEqual([false, false])
    for (const fd of fds) fd.close()
  })

  it('keeps the order, also of what has to wait for room', async () => {
    const [sender, receiver] = UnixSocket.pair(type)
    using _sender = sender
    using _receiver = receiver
    const sizes = Array.from({ length: 300 }, (_, index) => 1 + ((index * 7919) % 20_000))
    const expected = Buffer.concat(sizes.map((size, index) => Buffer.alloc(size, index)))
    let sent = 0
    const sends = sizes.map((size, index) => sender.send(Buffer.alloc(size, index)).then(() => sent++))
    await nextTurn()
    expect(sent).toBeLessThan(sizes.length)

    const came: Buffer[] = []
    for (let bytes = 0; bytes < expected.length; ) {
      const { data } = received(await receiver.receive())
      came.push(data)
      bytes += data.length
    }
    await Promise.all(sends)
    expect(Buffer.concat(came).equals(expected)).toBe(true)
  })

  it('ends what waits when it is closed, twice if you like', async () => {
    const [one, other] = UnixSocket.pair(type)
    const pending = [one.receive(), one.receive()]
    const blocked = Array.from({ length: 500 }, () => other.send(Buffer.alloc(5000)))
    one.close()
    one.close()
    other[Symbol.dispose]()
    for (const receive of pending) await expect(receive).rejects.toMatchObject({ code: 'ERR_FD_CLOSED' })
    await expect(blocked.at(-1)).rejects.toMatchObject({ code: 'ERR_FD_CLOSED' })
    await Promise.allSettled(blocked)
    await expect(one.receive()).rejects.toMatchObject({ code: 'ERR_FD_CLOSED' })
    await expect(one.send('x')).rejects.toMatchObject({ code: 'ERR_FD_CLOSED' })
    expect(() => one.fd).toThrow(expect.objectContaining({ code: 'ERR_FD_CLOSED' }))
  })

  it('stops the wait whose signal is aborted, and only that one', async () => {
    const [sender, receiver] = UnixSocket.pair(type)
    using _sender = sender
    using _receiver = receiver
    const controller = new AbortController()
    const aborted = receiver.receive({ signal: controller.signal })
    const next = receiver.receive({ signal: AbortSignal.timeout(20_000) })
    controller.abort(new Error('not now'))
    await expect(aborted).rejects.toThrow('not now')
    await expect(receiver.receive({ signal: controller.signal })).rejects.toThrow('not now')
    await sender.send('for the next')
    expect(received(await next).data.toString()).toBe('for the next')
  })

  it('ends the wait of a send with the reason of its signal, and sends what follows', async () => {
    const [sender, receiver] = UnixSocket.pair(type)
    using _sender = sender
    using _receiver = receiver
    const ending = new AbortController()
    const { signal } = ending
    const blocked = Array.from({ length: 500 }, () => sender.send(Buffer.alloc(1000, 'a')))
    const aborted = sender.send('aborted', { signal })
    const next = sender.send('next', { signal: AbortSignal.timeout(20_000) })
    ending.abort(new Error('not now'))
    await expect(aborted).rejects.toThrow('not now')
    await expect(sender.send('never', { signal })).rejects.toThrow('not now')
    let text = ''
    while (!text.includes('next')) text += received(await receiver.receive()).data.toString()
    await Promise.all([...blocked, next])
    expect(text.replaceAll('a', '')).toBe('next')
  })

  it('gives everybody else a turn amid a flood', async () => {
    const [sender, receiver] = UnixSocket.pair(type)
    using _sender = sender
    using _receiver = receiver
    let stop = false
    const flood = (async () => {
      while (!stop) await sender.send('x')
    })()
    let messages = 0
    let turns = 0
    const ticking = setInterval(() => turns++, 1)
    for await (const _message of receiver) {
      messages++
      if (turns >= 5) break
    }
    clearInterval(ticking)
    stop = true
    receiver.close()
    await flood.catch(() => {})
    expect(messages).toBeGreaterThan(5)
  })

  it('takes 64 KiB whole', async () => {
    const [sender, receiver] = UnixSocket.pair(type)
    using _sender = sender
    using _receiver = receiver
    const data = Buffer.alloc(64 * 1024, 'whole')
    await sender.send(data)
    expect(received(await receiver.receive()).data.equals(data)).toBe(true)
  })

  it('keeps no more memory than the bytes that came', async () => {
    const [sender, receiver] = UnixSocket.pair(type)
    using _sender = sender
    using _receiver = receiver
    await sender.send('8 bytes.')
    expect(received(await receiver.receive()).data.buffer.byteLength).toBe(8)
  })

  it('reports the sender of a message, if that is requested', async () => {
    if (!onLinux) {
      expect(() => UnixSocket.pair(type, { passCredentials: true })).toThrow(
        expect.objectContaining({ code: 'ERR_UNSUPPORTED' }),
      )
      return
    }
    const me = { pid: process.pid, uid: process.geteuid?.(), gid: process.getegid?.() }
    const [one, other] = UnixSocket.pair(type, { passCredentials: true })
    using _one = one
    using _other = other
    await one.send('implicit')
    expect(received(await other.receive()).credentials).toEqual(me)
    await one.send('explicit', { credentials: true })
    expect(received(await other.receive()).credentials).toEqual(me)
    const [silent, plain] = UnixSocket.pair(type)
    using _silent = silent
    using _plain = plain
    await silent.send('unasked', { credentials: true })
    expect(received(await plain.receive()).credentials).toBeUndefined()
  })

  it('rejects a send whose fd was closed meanwhile', async () => {
    const [sender, receiver] = UnixSocket.pair(type)
    using _sender = sender
    using _receiver = receiver
    const { reader, writer } = pipe()
    using _reader = reader
    writer.close()
    await expect(sender.send('x', { fds: [reader, writer] })).rejects.toMatchObject({ code: 'ERR_FD_CLOSED' })
    await sender.send('continues')
    expect(received(await receiver.receive()).data.toString()).toBe('continues')
  })
})

describe('a stream UnixSocket', () => {
  it('sends nothing after a message that was aborted halfway', async () => {
    const [sender, receiver] = UnixSocket.pair('stream')
    using _sender = sender
    using _receiver = receiver
    const ending = new AbortController()
    const half = sender.send(Buffer.alloc(8 * 1024 * 1024), { signal: ending.signal })
    const behind = sender.send('behind')
    await nextTurn()
    ending.abort(new Error('too late'))
    await expect(half).rejects.toThrow('too late')
    const broken = { code: 'ERR_TRUNCATED', cause: expect.objectContaining({ message: 'too late' }) }
    await expect(behind).rejects.toMatchObject(broken)
    await expect(sender.send('later')).rejects.toMatchObject(broken)
  })
})

describe.each(connected)('a connected %s UnixSocket', (type) => {
  it('ends when the peer does, after all that was sent', async () => {
    const [sender, receiver] = UnixSocket.pair(type)
    using _receiver = receiver
    await sender.send('last words')
    sender.close()
    expect(received(await receiver.receive()).data.toString()).toBe('last words')
    expect(await receiver.receive()).toBeNull()
    expect(await receiver.receive()).toBeNull()
    expect(await collect(receiver)).toEqual([])
    await expect(receiver.send('anybody?')).rejects.toMatchObject({ code: 'ERR_SYSTEM', errno: 'EPIPE' })
  })

  it('wakes who waits when the peer ends', async () => {
    const [sender, receiver] = UnixSocket.pair(type)
    using _receiver = receiver
    const ended = receiver.receive()
    await nextTurn()
    sender.close()
    expect(await ended).toBeNull()
  })

  it('can end its writes and still receive', async () => {
    const [one, other] = UnixSocket.pair(type)
    using _one = one
    using _other = other
    await one.send('question')
    one.endWrites()
    const question: string[] = []
    for await (const { data } of other) question.push(data.toString())
    expect(question).toEqual(['question'])
    await other.send('answer')
    expect(received(await one.receive()).data.toString()).toBe('answer')
  })

  it('refuses an empty message, which would read as the end', async () => {
    const [sender, receiver] = UnixSocket.pair(type)
    using _sender = sender
    using _receiver = receiver
    await expect(sender.send('')).rejects.toMatchObject({ code: 'ERR_INVALID_ARGUMENT' })
  })

  it('splits 600 fds of one send, and joins them', async () => {
    const [sender, receiver] = UnixSocket.pair(type)
    using _sender = sender
    using _receiver = receiver
    const { reader, writer } = pipe()
    using _writer = writer
    const fds = Array.from({ length: 600 }, (_, index) => (index === 599 ? writer : reader))
    const [message] = await Promise.all([
      receiver.receive({ fdCount: 600 }),
      sender.send('six hundred', { fds }),
    ])
    const { data, fds: came } = received(message)
    expect(data.toString()).toBe('six hundred')
    expect(came).toHaveLength(600)
    expect(came.slice(0, 599).every(({ fd }) => sameFile(fd, reader.fd))).toBe(true)
    writeSync(came[599]?.fd as number, 'in order')
    for (const fd of came) fd.close()
    reader.close()
  })

  it('shows the parts of a split send to who does not ask for a count', async () => {
    const [sender, receiver] = UnixSocket.pair(type)
    using _receiver = receiver
    const { reader, writer } = pipe()
    using _reader = reader
    writer.close()
    await sender.send('abcdef', { fds: Array.from({ length: 507 }, () => reader) })
    sender.close()
    const parts = await collect(receiver)
    expect(parts.map(({ data, fds }) => [data.toString(), fds.length])).toEqual([
      ['a', 253],
      ['b', 253],
      ['cdef', 1],
    ])
    for (const { fds } of parts) for (const fd of fds) fd.close()
  })

  it('needs a byte for each part of a split send', async () => {
    const [sender, receiver] = UnixSocket.pair(type)
    using _sender = sender
    using _receiver = receiver
    const { reader, writer } = pipe()
    using _reader = reader
    writer.close()
    const fds = Array.from({ length: 254 }, () => reader)
    await expect(sender.send('x', { fds })).rejects.toMatchObject({ code: 'ERR_INVALID_ARGUMENT' })
  })

  it.each([
    ['more', 1, 'ERR_FD_LOST'],
    ['none', 0, 'ERR_FD_LOST'],
    ['fewer before the end', 3, 'ERR_TRUNCATED'],
  ] as const)(
    'reports that %s fds arrive than were announced, and closes those',
    async (_name, fdCount, code) => {
      const [sender, receiver] = UnixSocket.pair(type)
      using _receiver = receiver
      const { reader, writer } = pipe()
      using _reader = reader
      await sender.send('x', { fds: [writer, writer] })
      writer.close()
      sender.close()
      await expect(receiver.receive({ fdCount })).rejects.toMatchObject({ code })
      await writersGone(reader)
    },
  )
})

describe('receiveNow', () => {
  it('takes what is queued, and undefined where nothing is, without waiting', async () => {
    const [left, right] = UnixSocket.pair('datagram')
    using _left = left
    using _right = right
    expect(right.receiveNow()).toBeUndefined()
    await left.send('one')
    await left.send('two')
    expect(right.receiveNow()?.data.toString()).toBe('one')
    expect((await right.receive())?.data.toString()).toBe('two')
    const waiting = right.receive()
    await left.send('three')
    expect(right.receiveNow()?.data.toString()).toBe('three')
    await left.send('four')
    expect((await waiting)?.data.toString()).toBe('four')
  })

  it('is null at the end, and throws after close', () => {
    const [left, right] = UnixSocket.pair('stream')
    left.close()
    expect(right.receiveNow()).toBeNull()
    right.close()
    expect(() => right.receiveNow()).toThrow(expect.objectContaining({ code: 'ERR_FD_CLOSED' }))
  })
})
