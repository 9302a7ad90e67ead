import { once } from 'node:events'
import { createServer as createHttpServer } from 'node:http'
import { createServer, type Socket } from 'node:net'
import { setImmediate as turn } from 'node:timers/promises'
import {
  closeAll,
  type Message,
  type OwnedFd,
  pipe,
  socketFrom,
  socketpair,
  type UnixSocket,
} from '@shellflip/fd-passing'
import { waitFor } from '@shellflip/testing'
import { beforeEach, describe, expect, test } from 'vitest'
import { adoptHttpConnection, adoptNetConnection } from './adopt-connection.ts'
import { ConnectionGiver } from './connection-giver.ts'
import { decodeAnswers, decodeConnections, encodeAnswers, encodeConnection } from './connection-message.ts'
import { encodeFrame, type Frame, FrameDecoder } from './frame.ts'
import { giveHandover } from './give-handover.ts'
import { takeOver } from './take-over.ts'
import type { TakenConnection } from './taken-connection.ts'
import { besidePeer, connected, fdCensus } from './testing/connected.ts'

// Sockets of the test before close in the next turn, and are not this one's.
beforeEach(() => turn())

/** A predecessor that drains, and its successor, before it has asked for connections. */
async function committed() {
  const ends = connected()
  const giving = giveHandover(ends.predecessor, { version: '1', sockets: [] })
  const takeover = await takeOver(ends.successor)
  const ready = Promise.all([takeover.ready(), giving])
  return { ...ends, takeover, ready }
}

/** A client's end of a connection, and the server's. */
function connection(): { client: Socket; fd: OwnedFd } & Disposable {
  const [near, far] = socketpair('stream')
  const client = socketFrom(near)
  client.on('error', () => {})
  return {
    client,
    fd: far,
    [Symbol.dispose]: () => {
      client.destroy()
      far.close()
    },
  }
}

/** Returns the messages that a bare peer receives, without their descriptors. */
async function framesOf(peer: UnixSocket, count: number): Promise<Frame[]> {
  const decoder = new FrameDecoder()
  const frames: Frame[] = []
  while (frames.length < count) {
    const { data, fds } = (await peer.receive()) as Message
    closeAll(fds)
    frames.push(...decoder.push(data))
  }
  return frames
}

async function nextOf(connections: AsyncIterable<TakenConnection>): Promise<TakenConnection> {
  const { value } = await connections[Symbol.asyncIterator]().next()
  return value
}

describe('an open connection', () => {
  test('goes to the successor with its name and its data', async () => {
    const census = fdCensus()
    {
      using ends = await committed()
      const connections = ends.takeover.connections()
      await ends.ready
      const giver = new ConnectionGiver(ends.predecessor)
      using given = connection()
      const data = Buffer.alloc(200 * 1024, 7)
      const isTaken = giver.give({ name: 'größe', fd: given.fd, data })
      const taken = await nextOf(connections)
      expect(taken.name).toBe('größe')
      expect(data.equals(taken.data)).toBe(true)
      const socket = socketFrom(await taken.accept())
      expect(await isTaken).toBe(true)
      given.fd.close()
      given.client.write('still the same')
      expect(String((await once(socket, 'data'))[0])).toBe('still the same')
      socket.destroy()
    }
    await census.isBalanced()
  })

  test('stays with the predecessor if it is refused, and the next one is its own affair', async () => {
    using ends = await committed()
    await ends.ready
    const connections = ends.takeover.connections()
    const giver = new ConnectionGiver(ends.predecessor)
    using given = connection()
    const first = giver.give({ name: 'http', fd: given.fd })
    const second = giver.give({ name: 'http', fd: given.fd })
    const [one, two] = [await nextOf(connections), await nextOf(connections)]
    const fd = await two.accept()
    expect(await second).toBe(true)
    one.refuse()
    one.refuse()
    expect(await first).toBe(false)
    await expect(one.accept()).rejects.toMatchObject({ code: 'ERR_OUT_OF_TURN' })
    fd.close()
    expect(giver.open).toBe(true)
  })

  test('is refused if the successor does not take connections, and predecessorGone still comes', async () => {
    const census = fdCensus()
    {
      using ends = await committed()
      await ends.ready
      const giver = new ConnectionGiver(ends.predecessor)
      using given = connection()
      await turn()
      expect(await giver.give({ name: 'http', fd: given.fd })).toBe(false)
      ends.predecessor.close()
      await ends.takeover.predecessorGone
      expect(await giver.give({ name: 'http', fd: given.fd })).toBe(false)
    }
    await census.isBalanced()
  })

  test('is refused when the taker has left its loop', async () => {
    const census = fdCensus()
    {
      using ends = await committed()
      await ends.ready
      const giver = new ConnectionGiver(ends.predecessor)
      using given = connection()
      const gives = Array.from({ length: 5 }, () => giver.give({ name: 'http', fd: given.fd }))
      for await (const taken of ends.takeover.connections()) {
        ;(await taken.accept()).close()
        break
      }
      expect(await Promise.all(gives)).toEqual([true, false, false, false, false])
      expect(() => ends.takeover.connections()).toThrow(expect.objectContaining({ code: 'ERR_OUT_OF_TURN' }))
    }
    await census.isBalanced()
  })

  test('of 1,000 that are given at once 256 are under way, and all arrive', async () => {
    const census = fdCensus()
    {
      using ends = await committed()
      await ends.ready
      const giver = new ConnectionGiver(ends.predecessor)
      using given = connection()
      const names = Array.from({ length: 1_000 }, (_, n) => `${n}`)
      const gives = names.map((name) => giver.give({ name, fd: given.fd }))
      const connections = ends.takeover.connections()
      const taken: TakenConnection[] = []
      for (let n = 0; n < 256; n++) taken.push(await nextOf(connections))
      const beyond = nextOf(connections)
      expect(await Promise.race([beyond, turn('nothing')])).toBe('nothing')
      for (let n = 0; n < 1_000; n++) {
        ;(await (taken[n] as TakenConnection).accept()).close()
        if (taken.length === 256) taken.push(await beyond)
        else if (taken.length < 1_000) taken.push(await nextOf(connections))
      }
      expect(taken.map(({ name }) => name)).toEqual(names)
      expect((await Promise.all(gives)).every(Boolean)).toBe(true)
    }
    await census.isBalanced()
  })

  test('connections of one turn travel together, in messages that double up to 64', async () => {
    using ends = besidePeer()
    const giver = new ConnectionGiver(ends.channel)
    using given = connection()
    const gives = Array.from({ length: 200 }, () => giver.give({ name: 'http', fd: given.fd }))
    const frames = await framesOf(ends.peer, 8)
    expect(frames.map(({ fdCount }) => fdCount)).toEqual([1, 2, 4, 8, 16, 32, 64, 64])
    const ids = frames.flatMap(({ payload }) => decodeConnections(payload)).map(({ id }) => id)
    await ends.peer.send(encodeFrame({ type: 'taken', payload: encodeAnswers(ids.slice(0, 99)), fdCount: 0 }))
    await ends.peer.send(encodeFrame({ type: 'declined', payload: encodeAnswers(ids.slice(99)), fdCount: 0 }))
    const [rest] = await framesOf(ends.peer, 1)
    expect(rest?.fdCount).toBe(9)
    expect(await Promise.all(gives.slice(0, 191))).toEqual(ids.map((_, index) => index < 99))
    ends.peer.close()
    expect(await Promise.all(gives.slice(191))).toEqual(Array(9).fill(false))
  })

  test('a message has as many connections as its limit of bytes allows', async () => {
    using ends = besidePeer()
    const giver = new ConnectionGiver(ends.channel)
    using given = connection()
    const data = Buffer.alloc(100 * 1024)
    for (let n = 0; n < 5; n++) void giver.give({ name: 'http', fd: given.fd, data })
    const frames = await framesOf(ends.peer, 3)
    expect(frames.map(({ fdCount }) => fdCount)).toEqual([1, 2, 2])
  })

  test('that is closed before it is sent fails alone', async () => {
    using ends = besidePeer()
    const giver = new ConnectionGiver(ends.channel)
    using given = connection()
    const copies = Array.from({ length: 4 }, () => given.fd.dup())
    const gives = copies.map((fd) => giver.give({ name: 'http', fd }))
    copies[1]?.close()
    await expect(gives[1]).rejects.toMatchObject({ code: 'ERR_FD_CLOSED' })
    const frames = await framesOf(ends.peer, 2)
    expect(frames.map(({ fdCount }) => fdCount)).toEqual([1, 2])
    for (const copy of copies) copy.close()
  })

  test('too long a name, too much data, or a closed descriptor is the caller’s mistake', async () => {
    using ends = await committed()
    await ends.ready
    const giver = new ConnectionGiver(ends.predecessor)
    using given = connection()
    const invalid = { code: 'ERR_INVALID_ARGUMENT' }
    await expect(giver.give({ name: 'x'.repeat(1_025), fd: given.fd })).rejects.toMatchObject(invalid)
    const data = Buffer.alloc(200 * 1024 + 1)
    await expect(giver.give({ name: 'http', fd: given.fd, data })).rejects.toMatchObject(invalid)
    given.fd.close()
    await expect(giver.give({ name: 'http', fd: given.fd })).rejects.toMatchObject({ code: 'ERR_FD_CLOSED' })
    expect(giver.open).toBe(true)
    ends.predecessor.close()
    await ends.takeover.predecessorGone
  })
})

describe('whose end comes amid it', () => {
  test('a successor that closes leaves to the predecessor what it has not accepted', async () => {
    const census = fdCensus()
    {
      using ends = await committed()
      await ends.ready
      const giver = new ConnectionGiver(ends.predecessor)
      using given = connection()
      const gives = Array.from({ length: 3 }, () => giver.give({ name: 'http', fd: given.fd }))
      const connections = ends.takeover.connections()
      ;(await (await nextOf(connections)).accept()).close()
      const open = await nextOf(connections)
      ends.takeover.close()
      expect(await Promise.all(gives)).toEqual([true, false, false])
      await expect(open.accept()).rejects.toMatchObject({ code: 'ERR_CHANNEL_CLOSED' })
      expect(giver.open).toBe(false)
      expect(await connections[Symbol.asyncIterator]().next()).toMatchObject({ done: true })
    }
    await census.isBalanced()
  })

  test('a predecessor that closes stays at the channel until all is answered', async () => {
    const census = fdCensus()
    {
      using ends = await committed()
      await ends.ready
      const giver = new ConnectionGiver(ends.predecessor)
      using given = connection()
      const gives = [1, 2].map(() => giver.give({ name: 'http', fd: given.fd }))
      const connections = ends.takeover.connections()
      const [one, two] = [await nextOf(connections), await nextOf(connections)]
      ends.predecessor.close()
      expect(ends.predecessor.closed).toBe(true)
      expect(await giver.give({ name: 'http', fd: given.fd })).toBe(false)
      two.refuse()
      ;(await one.accept()).close()
      expect(await Promise.all(gives)).toEqual([true, false])
      await ends.takeover.predecessorGone
    }
    await census.isBalanced()
  })

  test('a predecessor that is dead leaves what it has given to the successor', async () => {
    const census = fdCensus()
    {
      const { channel: successor, peer: predecessor, ...ends } = besidePeer()
      using _ = ends
      using given = connection()
      const giving = (async () => {
        const manifest = { predecessor: { pid: 1, version: '1' }, sockets: [], lock: false, state: null }
        await predecessor.receive()
        const payload = Buffer.from(JSON.stringify(manifest))
        await predecessor.send(encodeFrame({ type: 'manifest', payload, fdCount: 0 }))
        await predecessor.receive()
        const commit = encodeFrame({ type: 'commit', payload: Buffer.alloc(0), fdCount: 0 })
        const id1 = encodeConnection({ id: 1, name: 'http', data: Buffer.alloc(0) })
        const released = encodeFrame({ type: 'released', payload: Buffer.alloc(0), fdCount: 0 })
        await predecessor.send(Buffer.concat([commit, released]))
        await predecessor.send(encodeFrame({ type: 'connections', payload: id1, fdCount: 1 }), {
          fds: [given.fd],
        })
        predecessor.close()
        given.fd.close()
      })()
      const takeover = await takeOver(successor)
      await takeover.ready()
      await giving
      const connections = takeover.connections()
      await takeover.predecessorGone
      const socket = socketFrom(await (await nextOf(connections)).accept())
      socket.end('mine')
      expect(String((await once(given.client, 'data'))[0])).toBe('mine')
      takeover.close()
    }
    await census.isBalanced()
  })
})

describe('a peer that says something else after the commit', () => {
  const connectionFrame = (id: number) =>
    encodeFrame({
      type: 'connections',
      payload: encodeConnection({ id, name: 'http', data: Buffer.alloc(0) }),
      fdCount: 1,
    })
  const answerFrame = (id: number) => encodeFrame({ type: 'taken', payload: encodeAnswers([id]), fdCount: 0 })

  /** A takeover whose predecessor is a bare socket. */
  async function besidePredecessor() {
    const { channel, peer, ...ends } = besidePeer()
    const taking = takeOver(channel)
    await peer.receive()
    const manifest = { predecessor: { pid: 1, version: '1' }, sockets: [], lock: false, state: null }
    const payload = Buffer.from(JSON.stringify(manifest))
    await peer.send(encodeFrame({ type: 'manifest', payload, fdCount: 0 }))
    const takeover = await taking
    const ready = takeover.ready()
    await peer.receive()
    await peer.send(encodeFrame({ type: 'commit', payload: Buffer.alloc(0), fdCount: 0 }))
    const serving = await peer.receive()
    expect(serving?.data).toEqual(encodeFrame({ type: 'serving', payload: Buffer.alloc(0), fdCount: 0 }))
    await peer.send(encodeFrame({ type: 'released', payload: Buffer.alloc(0), fdCount: 0 }))
    await ready
    return { takeover, peer, ...ends }
  }

  test.each([
    ['garbage', [Buffer.from('\xff\xff\xff\xff garbage')], 0],
    ['another message', [encodeFrame({ type: 'commit', payload: Buffer.alloc(0), fdCount: 0 })], 0],
    ['one number twice', [connectionFrame(1), connectionFrame(1)], 1],
    ['a connection came without a descriptor', [connectionFrame(1).fill(0, 5, 7)], 0],
    [
      'more connections than descriptors',
      [
        encodeFrame({
          type: 'connections',
          payload: Buffer.concat(
            [1, 2].map((id) => encodeConnection({ id, name: 'http', data: Buffer.alloc(0) })),
          ),
          fdCount: 1,
        }),
      ],
      1,
    ],
    ['data longer than all', [connectionFrame(1).fill(255, 13, 17)], 1],
    [
      'a name longer than all',
      [encodeFrame({ type: 'connections', payload: Buffer.alloc(6, 255), fdCount: 1 })],
      1,
    ],
    ['more than may wait', Array.from({ length: 257 }, (_, id) => connectionFrame(id)), 1],
  ])(
    'as predecessor, %s: it gets the error, its connections are refused, its end is noticed',
    async (_, frames, fdCount) => {
      const census = fdCensus()
      {
        using ends = await besidePredecessor()
        const connections = ends.takeover.connections()
        using given = connection()
        const fds = fdCount === 1 ? [given.fd] : []
        const held = nextOf(connections).catch(() => undefined)
        for (const frame of frames) await ends.peer.send(frame, { fds })
        const { data } = (await ends.peer.receive()) ?? {}
        expect(String(data)).toMatch(/does not follow the handover protocol/)
        const first = await held
        if (first !== undefined) {
          await expect(first.accept()).rejects.toMatchObject({ code: 'ERR_CHANNEL_CLOSED' })
        }
        expect(await connections[Symbol.asyncIterator]().next()).toMatchObject({ done: true })
        await ends.peer.send(Buffer.alloc(10_000), { fds })
        ends.peer.close()
        await ends.takeover.predecessorGone
        ends.takeover.close()
      }
      await census.isBalanced()
    },
  )

  test.each([
    ['garbage', Buffer.from('\xff\xff\xff\xff garbage')],
    ['an answer for nothing', answerFrame(4711)],
    ['an answer without a number', encodeFrame({ type: 'taken', payload: Buffer.alloc(1), fdCount: 0 })],
    ['a connection of its own', encodeFrame({ type: 'ready', payload: Buffer.alloc(0), fdCount: 0 })],
  ])(
    'as successor, %s: nothing more is given, and what was not answered comes back with its end',
    async (_, bytes) => {
      const census = fdCensus()
      {
        using ends = besidePeer()
        const giver = new ConnectionGiver(ends.channel)
        using given = connection()
        const first = giver.give({ name: 'http', fd: given.fd })
        const arrival = await ends.peer.receive()
        for (const fd of arrival?.fds ?? []) fd.close()
        await ends.peer.send(bytes)
        await waitFor(() => !giver.open)
        expect(await giver.give({ name: 'http', fd: given.fd })).toBe(false)
        expect(await Promise.race([first, turn('waits')])).toBe('waits')
        ends.peer.close()
        expect(await first).toBe(false)
      }
      await census.isBalanced()
    },
  )

  test('answers of one turn travel together', async () => {
    using ends = await besidePredecessor()
    const connections = ends.takeover.connections()
    using given = connection()
    const payload = Buffer.concat(
      [1, 2, 3, 4].map((id) => encodeConnection({ id, name: 'http', data: Buffer.alloc(id) })),
    )
    const fds = [given.fd, given.fd, given.fd, given.fd]
    await ends.peer.send(encodeFrame({ type: 'connections', payload, fdCount: 4 }), { fds })
    const accepted: Promise<OwnedFd>[] = []
    const lengths: number[] = []
    for (let n = 0; n < 4; n++) {
      const taken = await nextOf(connections)
      lengths.push(taken.data.length)
      if (n === 2) taken.refuse()
      else accepted.push(taken.accept())
    }
    expect(lengths).toEqual([1, 2, 3, 4])
    const [taken, declined] = await framesOf(ends.peer, 2)
    expect([taken?.type, decodeAnswers(taken?.payload as Buffer)]).toEqual(['taken', [1, 2, 4]])
    expect([declined?.type, decodeAnswers(declined?.payload as Buffer)]).toEqual(['declined', [3]])
    closeAll(await Promise.all(accepted))
    ends.peer.close()
    await ends.takeover.predecessorGone
    ends.takeover.close()
  })

  test('as successor, one that refuses all gets none, and those that it had come back', async () => {
    using ends = besidePeer()
    const giver = new ConnectionGiver(ends.channel)
    using given = connection()
    const gives = [1, 2].map(() => giver.give({ name: 'http', fd: given.fd }))
    await ends.peer.send(answerFrame(1))
    await ends.peer.send(encodeFrame({ type: 'refused', payload: Buffer.from('why'), fdCount: 0 }))
    expect(await Promise.all(gives)).toEqual([true, false])
    expect(giver.open).toBe(false)
  })
})

describe('adopting', () => {
  test('an idle HTTP connection is closed after the keep-alive timeout, and counted until then', async () => {
    const server = createHttpServer({ keepAliveTimeout: 30 })
    using given = connection()
    adoptHttpConnection(server, given.fd)
    const count = () => new Promise((resolve) => server.getConnections((_, n) => resolve(n)))
    expect(await count()).toBe(1)
    given.client.resume()
    await once(given.client, 'end')
    await waitFor(async () => (await count()) === 0)
  })

  test('an HTTP connection is answered, in pieces too, and the server’s own timeouts hold from its request on', async () => {
    const server = createHttpServer((_request, response) => response.end('answer')).listen(0, '127.0.0.1')
    await once(server, 'listening')
    using given = connection()
    adoptHttpConnection(server, given.fd)
    let answers = ''
    given.client.on('data', (text) => {
      answers += text
    })
    given.client.write('GET / HT')
    for (let n = 0; n < 5; n++) await turn()
    given.client.write('TP/1.1\r\nHost: test\r\n\r\nGET / HTTP/1.1\r\nHost: test\r\n\r\n')
    await waitFor(() => answers.match(/answer/g)?.length === 2)
    server.closeAllConnections()
    await once(given.client, 'close')
    server.close()
  })

  test('an HTTP connection whose client goes is gone', async () => {
    for (const how of ['end', 'resetAndDestroy'] as const) {
      const server = createHttpServer()
      using given = connection()
      const socket = adoptHttpConnection(server, given.fd)
      if (how === 'end') given.client.end()
      else given.client.destroy()
      await waitFor(() => socket.destroyed)
    }
  })

  test('a raw connection has its state before the server sees it', async () => {
    const states = new WeakMap<Socket, string>()
    const server = createServer((socket) => socket.end(states.get(socket) ?? 'none'))
    using given = connection()
    adoptNetConnection(server, given.fd, (socket) => states.set(socket, 'state'))
    expect(String((await once(given.client, 'data'))[0])).toBe('state')
  })

  test('one that the program cannot prepare is closed, and not counted', async () => {
    const server = createServer()
    using given = connection()
    const unprepared = () => {
      throw new Error('not mine')
    }
    expect(() => adoptNetConnection(server, given.fd, unprepared)).toThrow('not mine')
    await once(given.client.resume(), 'close')
    const count = new Promise((resolve) => server.getConnections((_, count) => resolve(count)))
    expect(await count).toBe(0)
  })

  test('a descriptor that is not a socket stays the caller’s', () => {
    const { reader, writer } = pipe()
    expect(() => adoptHttpConnection(createHttpServer(), reader)).toThrow()
    expect(() => adoptNetConnection(createServer(), writer)).toThrow()
    expect([reader.closed, writer.closed]).toEqual([false, false])
    reader.close()
    writer.close()
  })
})
