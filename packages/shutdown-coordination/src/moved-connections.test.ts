import { once } from 'node:events'
import http, { type ServerResponse } from 'node:http'
import net, { type Socket } from 'node:net'
import { setImmediate as turn } from 'node:timers/promises'
import { waitFor } from '@shellflip/testing'
import { afterEach, describe, expect, test } from 'vitest'
import { adoptedEvent } from './adopted-connection.ts'
import { type MoveConnections, type ServerOptions, ShutdownCoordinator } from './index.ts'
import { holdReading } from './socket-reading.ts'
import { listening, RawClient } from './testing/raw-client.ts'

const scope: Disposable[] = []

afterEach(() => {
  for (const each of scope.splice(0).reverse()) each[Symbol.dispose]()
})

const close = /^Connection: close\r$/m
const keepAlive = /^Connection: keep-alive\r$/m

/** A program that is asked to move connections, and answers when the test says so. */
class Successor {
  readonly asked: { socket: Socket; answer: (isTaken: boolean) => void }[] = []

  readonly move = (_server: net.Server, socket: Socket) =>
    new Promise<boolean>((resolve) => this.asked.push({ socket, answer: resolve }))

  /** The next one that was asked about. */
  async answer(isTaken: boolean): Promise<Socket> {
    await waitFor(() => this.asked.length > 0, { what: 'a connection that is offered' })
    const { socket, answer } = this.asked.shift() as (typeof this.asked)[number]
    answer(isTaken)
    await turn()
    return socket
  }
}

async function start(
  options: ServerOptions & { move?: MoveConnections } = {},
  server: net.Server = new http.Server(),
  beforeListening: () => Promise<void> = async () => {},
) {
  const { move, ...serverOptions } = options
  const held: { path: string; response: ServerResponse }[] = []
  const successor = new Successor()
  const coordinator = new ShutdownCoordinator({ drainTimeoutMs: 20_000 })
  server.on('request', (request, response) => {
    const path = request.url ?? ''
    if (path.startsWith('/hold')) held.push({ path, response })
    else response.end(`answer to ${path}`)
  })
  const sockets: Socket[] = []
  server.on('connection', (socket) => sockets.push(socket))
  coordinator.watch(server, { name: 'web', moveConnections: true, ...serverOptions })
  const shutdown = () => coordinator.shutdown({ moveConnections: move ?? successor.move })
  await beforeListening()
  const { port, ...listener } = await listening(server)
  scope.push(listener, {
    [Symbol.dispose]: () => {
      for (const socket of sockets) socket.destroy()
    },
  })
  const connect = async () => {
    const client = await RawClient.connect(port)
    scope.push(client)
    return client
  }
  const idleClient = async () => {
    const client = await connect()
    client.get('/first')
    await client.answer(/answer to \/first$/)
    return client
  }
  return { coordinator, shutdown, server, successor, sockets, held, connect, idleClient }
}

/** Until what was sent before has come in: the loopback delivers in order. */
async function delivery(): Promise<void> {
  using other = await listening(net.createServer((socket) => socket.end()))
  using client = await RawClient.connect(other.port)
  await client.end()
}

describe('an HTTP/1.1 server that drains', () => {
  test('moves idle connections, and closes only those that are taken', async () => {
    const { shutdown, successor, idleClient, connect, sockets } = await start()
    await idleClient()
    await connect()
    await waitFor(() => sockets.length === 2)
    const done = shutdown()
    await waitFor(() => successor.asked.length === 2)
    expect(sockets.map(({ destroyed }) => destroyed)).toEqual([false, false])
    expect((await successor.answer(true)).destroyed).toBe(true)
    expect((await successor.answer(true)).destroyed).toBe(true)
    expect(await done).toMatchObject({
      clean: true,
      servers: [{ moved: 2, closedIdle: 0, answered: 0, cut: [] }],
    })
  })

  test('reads nothing of a connection that is on its way, and all of it when it comes back', async () => {
    const { shutdown, successor, idleClient, sockets } = await start()
    const client = await idleClient()
    void shutdown()
    await waitFor(() => successor.asked.length === 1)
    const before = sockets[0]?.bytesRead
    client.get('/second')
    for (let n = 0; n < 20; n++) await turn()
    expect(sockets[0]?.bytesRead).toBe(before)
    await successor.answer(false)
    expect(await client.answer(/answer to \/second$/)).toMatch(close)
    expect(await client.end()).toBe('end')
    expect(successor.asked).toEqual([])
  })

  test('a connection that is not taken lingers, and is not offered again', async () => {
    const { shutdown, successor, idleClient } = await start({ lingerMs: 50 })
    const client = await idleClient()
    const done = shutdown()
    await successor.answer(false)
    expect(await client.end()).toBe('end')
    expect(await done).toMatchObject({ clean: true, servers: [{ moved: 0, closedIdle: 1 }] })
    expect(successor.asked).toEqual([])
  })

  test('a callback that rejects is as one that says no, and is in the report', async () => {
    const move = () => Promise.reject(new Error('no way'))
    const { shutdown, idleClient } = await start({ lingerMs: 50, move })
    const client = await idleClient()
    const report = await shutdown()
    expect(await client.end()).toBe('end')
    expect(report).toMatchObject({
      clean: false,
      failed: [{ name: 'web', error: { message: 'no way' } }],
      servers: [{ closedIdle: 1 }],
    })
  })

  test('a busy connection goes after its answers, which do not close it', async () => {
    const { shutdown, successor, held, connect } = await start()
    const client = await connect()
    client.send('GET /hold/1 HTTP/1.1\r\nHost: test\r\n\r\nGET /hold/2 HTTP/1.1\r\nHost: test\r\n\r\n')
    await waitFor(() => held.length === 2)
    const done = shutdown()
    held[0]?.response.end('one')
    await client.answer(/one$/)
    for (let n = 0; n < 20; n++) await turn()
    expect(successor.asked).toEqual([])
    held[1]?.response.end('two')
    expect(await client.answer(/two$/)).toMatch(keepAlive)
    await successor.answer(true)
    expect(await done).toMatchObject({ clean: true, servers: [{ answered: 2, moved: 1 }] })
  })

  test.each([
    ['the head', 'POST /second HTTP/1.1\r\nHost: te', 'st\r\nContent-Length: 4\r\n\r\nbody'],
    ['the body', 'POST /second HTTP/1.1\r\nHost: test\r\nContent-Length: 4\r\n\r\nbo', 'dy'],
  ])('a connection amid %s of a request is not idle', async (_, begin, rest) => {
    const { shutdown, successor, idleClient, sockets } = await start()
    const client = await idleClient()
    const before = sockets[0]?.bytesRead ?? 0
    client.send(begin)
    await waitFor(() => sockets[0]?.bytesRead === before + begin.length)
    const done = shutdown()
    for (let n = 0; n < 20; n++) await turn()
    expect(successor.asked).toEqual([])
    client.send(rest)
    expect(await client.answer(/answer to \/second$/)).toMatch(keepAlive)
    await successor.answer(true)
    expect(await done).toMatchObject({ clean: true, servers: [{ moved: 1 }] })
  })

  test.each([
    ['within lingerMs it may go on', 20_000, keepAlive, 1],
    ['after lingerMs it is told to stop', 0, close, 0],
  ])('a client that is never idle: %s', async (_, lingerMs, connectionHeader, moved) => {
    const { shutdown, successor, held, sockets, connect } = await start({ lingerMs })
    const client = await connect()
    client.get('/hold/1')
    const { response } = await waitFor(() => held[0])
    const [socket] = sockets as [Socket]
    const readAgain = holdReading(socket)
    client.get('/hold/2')
    await delivery()
    const done = shutdown()
    // From the timers phase the loop reads the next request before it comes to the check phase.
    setTimeout(() => {
      response.end('one')
      readAgain()
    }, 5)
    await client.answer(/one$/)
    const second = await waitFor(() => held[1])
    for (let n = 0; n < 20; n++) await turn()
    expect(successor.asked).toEqual([])
    second.response.end('two')
    expect(await client.answer(/two$/)).toMatch(connectionHeader)
    if (moved > 0) await successor.answer(true)
    expect(await done).toMatchObject({ clean: true, servers: [{ answered: 2, moved }] })
  })

  test('keeps a connection that it got before it listened, because Node does not know when that one is idle', async () => {
    const server = new http.Server()
    const front = await listening(net.createServer((socket) => server.emit('connection', socket)))
    scope.push(front)
    const early: RawClient[] = []
    const { shutdown, successor } = await start({ lingerMs: 20 }, server, async () => {
      const client = await RawClient.connect(front.port)
      scope.push(client)
      client.send('GET /early HTTP/1.1\r\nHo')
      await delivery()
      early.push(client)
    })
    const done = shutdown()
    await delivery()
    expect(successor.asked).toEqual([])
    early[0]?.send('st: test\r\n\r\n')
    expect(await early[0]?.answer(/answer to \/early$/)).toMatch(close)
    expect(await done).toMatchObject({ clean: true, servers: [{ moved: 0, answered: 1 }] })
  })

  test('a few wait for an answer at first, and more after each answer', async () => {
    const { shutdown, successor, connect, sockets } = await start()
    await Promise.all(Array.from({ length: 300 }, connect))
    await waitFor(() => sockets.length === 300)
    const done = shutdown()
    await waitFor(() => successor.asked.length >= 8)
    for (let n = 0; n < 20; n++) await turn()
    expect(successor.asked).toHaveLength(8)
    for (let n = 0; n < 300; n++) {
      await successor.answer(true)
      expect(successor.asked.length).toBeLessThanOrEqual(256)
    }
    expect(await done).toMatchObject({ servers: [{ moved: 300 }] })
  })

  test('connections that were taken over, and have not spoken since, go on', async () => {
    const { coordinator, shutdown, server, successor, connect, sockets } = await start()
    await connect()
    const [accepted] = await waitFor(() => (sockets.length === 1 ? sockets : undefined))
    const held = net.createServer()
    coordinator.watch(held)
    const { port } = await listening(held)
    const peer = net.connect(port, '127.0.0.1')
    scope.push({ [Symbol.dispose]: () => peer.destroy() })
    const [silent] = (await once(held, 'connection')) as [Socket]
    server.emit(adoptedEvent as unknown as string, silent)
    void shutdown()
    const offered = [await successor.answer(true), await successor.answer(true)]
    expect(new Set(offered)).toEqual(new Set([accepted, silent]))
  })

  test.each<[string, ServerOptions, 'with a successor' | 'without']>([
    ['without a successor', {}, 'without'],
    ['with moveConnections: false', { moveConnections: false }, 'with a successor'],
  ])('%s it drains as ever', async (_, options, mode) => {
    const { coordinator, shutdown, successor, idleClient } = await start(options)
    const client = await idleClient()
    void (mode === 'without' ? coordinator.shutdown() : shutdown())
    client.get('/second')
    expect(await client.answer(/answer to \/second$/)).toMatch(close)
    expect(successor.asked).toEqual([])
  })

  test('offers each connection with its server', async () => {
    const offered: net.Server[] = []
    const move = async (server: net.Server) => offered.push(server) > 0
    const { shutdown, server, idleClient } = await start({ move })
    await idleClient()
    expect(await shutdown()).toMatchObject({ servers: [{ moved: 1 }] })
    expect(offered).toEqual([server])
  })

  test('if Node does not report which parsers are idle, it drains as before', async () => {
    const { shutdown, server, successor, idleClient } = await start()
    const client = await idleClient()
    const symbol = Object.getOwnPropertySymbols(server).find(
      ({ description }) => description === 'http.server.connections',
    ) as symbol
    ;(server as unknown as Record<symbol, { active: unknown }>)[symbol] = Object.assign(
      Object.create((server as unknown as Record<symbol, object>)[symbol] as object),
      { active: undefined },
    )
    void shutdown()
    client.get('/second')
    expect(await client.answer(/answer to \/second$/)).toMatch(close)
    expect(successor.asked).toEqual([])
  })
})

describe('a net server that drains', () => {
  test('offers all of its connections, and ends those that stay', async () => {
    const asked: Socket[] = []
    const drainSocket = (socket: Socket) => {
      asked.push(socket)
      socket.end('bye')
    }
    const { shutdown, successor, connect, sockets } = await start({ drainSocket }, net.createServer())
    const clients = [await connect(), await connect()]
    await waitFor(() => sockets.length === 2)
    const done = shutdown()
    const taken = await successor.answer(true)
    const left = await successor.answer(false)
    expect(taken.destroyed).toBe(true)
    expect(asked).toEqual([left])
    left.resume()
    for (const client of clients) expect(await client.end()).toBe('end')
    expect(await done).toMatchObject({ clean: true, servers: [{ moved: 1, cut: [] }] })
  })

  test('reads nothing of a connection that is on its way, and all of it when it comes back', async () => {
    const server = net.createServer((socket) => socket.on('data', (text) => socket.write(`echo ${text}`)))
    const { shutdown, successor, connect, sockets } = await start({}, server)
    const client = await connect()
    await waitFor(() => sockets.length === 1)
    void shutdown()
    await waitFor(() => successor.asked.length === 1)
    client.send('one')
    for (let n = 0; n < 20; n++) await turn()
    expect(sockets[0]?.bytesRead).toBe(0)
    await successor.answer(false)
    await client.answer(/^echo one$/)
    client.send('two')
    await client.answer(/^echo two$/)
  })

  test('reads nothing of a connection on its way that the program resumes', async () => {
    const server = net.createServer({ pauseOnConnect: true }, (socket) =>
      socket.on('data', (text) => socket.write(`echo ${text}`)),
    )
    const { shutdown, successor, connect, sockets } = await start({}, server)
    const client = await connect()
    await waitFor(() => sockets.length === 1)
    void shutdown()
    await waitFor(() => successor.asked.length === 1)
    sockets[0]?.resume()
    client.send('one')
    await delivery()
    for (let n = 0; n < 20; n++) await turn()
    expect(sockets[0]?.bytesRead).toBe(0)
    await successor.answer(false)
    await client.answer(/^echo one$/)
  })

  test('does not offer a connection with bytes in this process', async () => {
    const server = net.createServer((socket) => socket.once('readable', () => {}))
    const { shutdown, successor, connect, sockets } = await start({}, server)
    const client = await connect()
    client.send('unread')
    await waitFor(() => sockets[0]?.readableLength === 6)
    void shutdown()
    for (let n = 0; n < 20; n++) await turn()
    expect(successor.asked).toEqual([])
    sockets[0]?.read()
    expect(await successor.answer(true)).toBe(sockets[0])
  })

  test('ends one that has bytes in this process for longer than lingerMs', async () => {
    const server = net.createServer((socket) => socket.once('readable', () => {}))
    const drainSocket = (socket: Socket) => socket.end('bye')
    const { shutdown, successor, connect, sockets } = await start({ drainSocket, lingerMs: 0 }, server)
    const client = await connect()
    client.send('unread')
    await waitFor(() => sockets[0]?.readableLength === 6)
    void shutdown()
    await client.answer(/^bye$/)
    expect(successor.asked).toEqual([])
  })
})

describe('a connection that is on its way at the deadline', () => {
  test.each([
    ['was taken', true, { moved: 1, cut: [] }],
    ['was not taken', false, { moved: 0 }],
    ['nobody answers for', undefined, { moved: 0 }],
  ])('counts as what became of it: it %s', async (_, isTaken, report) => {
    const { coordinator, shutdown, successor, idleClient } = await start()
    await idleClient()
    const done = shutdown()
    await waitFor(() => successor.asked.length > 0, { what: 'a connection that is offered' })
    void coordinator.shutdownNow()
    if (isTaken !== undefined) await successor.answer(isTaken)
    expect((await done).servers).toMatchObject([report])
  })
})
