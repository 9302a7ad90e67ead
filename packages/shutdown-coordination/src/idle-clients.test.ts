import { once } from 'node:events'
import http, { type IncomingMessage, type ServerResponse } from 'node:http'
import http2 from 'node:http2'
import https from 'node:https'
import type { Server, Socket } from 'node:net'
import tls from 'node:tls'
import { waitFor } from '@shellflip/testing'
import { afterEach, describe, expect, test } from 'vitest'
import { type ServerOptions, ShutdownCoordinator } from './index.ts'
import { listening, RawClient } from './testing/raw-client.ts'
import { selfSigned } from './testing/self-signed.ts'

const scope: Disposable[] = []

afterEach(() => {
  for (const each of scope.splice(0).reverse()) each[Symbol.dispose]()
})

type Handler = (request: IncomingMessage, response: ServerResponse) => void

const answer: Handler = (_request, response) => void response.end('hello')

async function draining(server: Server, drainTimeoutMs: number, options: ServerOptions = {}) {
  const coordinator = new ShutdownCoordinator({ drainTimeoutMs })
  coordinator.watch(server, options)
  const sockets: Socket[] = []
  server.on('connection', (socket) => sockets.push(socket))
  const { port, ...listener } = await listening(server)
  scope.push(listener, { [Symbol.dispose]: () => sockets.forEach((socket) => void socket.destroy()) })
  const connect = async () => {
    const client = await RawClient.connect(port)
    scope.push(client)
    await waitFor(() => sockets.length > 0)
    return client
  }
  const received = (bytes: number) => waitFor(() => sockets.some(({ bytesRead }) => bytesRead >= bytes))
  return { coordinator, connect, received, port }
}

/** Shorter than any linger: what is left is judged at the deadline. */
const shortMs = 60

const closeFrame = '\x88\x02\x03\xe9'

const http1 = (handler: Handler = answer) => http.createServer(handler)

describe('at a deadline before the linger ends, the report is clean with', () => {
  test('a client that keeps its connection', async () => {
    const { coordinator, connect } = await draining(http1(), shortMs)
    const client = await connect()
    client.get('/')
    await client.answer(/hello$/)
    expect(await coordinator.shutdown()).toMatchObject({
      clean: true,
      servers: [{ closedIdle: 1, closedIncomplete: 0, cut: [] }],
    })
    expect(await client.end()).toBe('end')
  })

  test('a client that never sent a byte', async () => {
    const { coordinator, connect } = await draining(http1(), shortMs)
    await connect()
    expect(await coordinator.shutdown()).toMatchObject({ clean: true, servers: [{ closedIdle: 1 }] })
  })

  test('a client that sent half of a head', async () => {
    const { coordinator, connect, received } = await draining(http1(), shortMs)
    const client = await connect()
    client.send('GET / HTTP/1.1\r\nHo')
    await received(16)
    expect(await coordinator.shutdown()).toMatchObject({
      clean: true,
      servers: [{ closedIdle: 0, closedIncomplete: 1, cut: [] }],
    })
  })

  test('a client that does not begin its TLS handshake', async () => {
    const { coordinator, connect } = await draining(https.createServer(selfSigned, answer), shortMs)
    await connect()
    expect(await coordinator.shutdown()).toMatchObject({ clean: true, servers: [{ closedIdle: 1 }] })
  })

  test('a TLS client that keeps its connection', async () => {
    const { coordinator, port } = await draining(https.createServer(selfSigned, answer), shortMs)
    const socket = tls.connect({ port, host: '127.0.0.1', rejectUnauthorized: false })
    await once(socket, 'secureConnect')
    const client = new RawClient(socket)
    scope.push(client)
    client.get('/')
    await client.answer(/hello$/)
    expect(await coordinator.shutdown()).toMatchObject({
      clean: true,
      servers: [{ closedIdle: 1, closedIncomplete: 0 }],
    })
  })

  test('an HTTP/2 session without a stream, whose client does not answer', async () => {
    const { coordinator, connect, received } = await draining(http2.createServer(), shortMs)
    const client = await connect()
    const preface = `PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n${'\0'.repeat(3)}\x04${'\0'.repeat(5)}`
    client.send(preface)
    await received(preface.length)
    expect(await coordinator.shutdown()).toMatchObject({ clean: true, servers: [{ closedIdle: 1, cut: [] }] })
  })

  test('an HTTP/2 client that never sent a byte', async () => {
    const { coordinator, connect } = await draining(http2.createServer(), shortMs)
    await connect()
    expect(await coordinator.shutdown()).toMatchObject({ clean: true, servers: [{ closedIdle: 1 }] })
  })

  test('a client that still sends the body of a request that was answered', async () => {
    const { coordinator, connect } = await draining(http1(), shortMs)
    const client = await connect()
    client.send('POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 9\r\n\r\nbody')
    await client.answer(/hello$/)
    expect(await coordinator.shutdown()).toMatchObject({ clean: true, servers: [{ cut: [] }] })
  })

  test('a WebSocket whose client does not answer the close frame', async () => {
    const server = withUpgrades()
    const { coordinator, connect } = await draining(server, shortMs)
    const client = await connect()
    client.send(upgradeTo('websocket'))
    await client.answer(/101/)
    const done = coordinator.shutdown()
    await waitFor(() => client.received.includes(closeFrame))
    expect(await done).toMatchObject({ clean: true, servers: [{ closedIdle: 1, cut: [] }] })
  })

  test('a tunnel in which nothing moves', async () => {
    const server = withUpgrades()
    const { coordinator, connect } = await draining(server, shortMs)
    const client = await connect()
    client.staysOpen()
    client.send('CONNECT example.com:80 HTTP/1.1\r\nHost: example.com\r\n\r\n')
    await client.answer(/101/)
    expect(await coordinator.shutdown()).toMatchObject({ clean: true, servers: [{ closedIdle: 1, cut: [] }] })
  })
})

describe('at the deadline, what a client waits for is cut:', () => {
  const requests: [string, string, Handler][] = [
    ['an answer that has not begun', 'GET /a HTTP/1.1\r\nHost: test\r\n\r\n', () => {}],
    [
      'a stream of events',
      'GET /a HTTP/1.1\r\nHost: test\r\n\r\n',
      (_request, response) =>
        response.writeHead(200, { 'Content-Type': 'text/event-stream' }).write('data: 1\n\n'),
    ],
    [
      'an answer to a body that comes in',
      'POST /a HTTP/1.1\r\nHost: test\r\nContent-Length: 9\r\n\r\nbody',
      (request, response) => void request.resume().on('end', () => response.end()),
    ],
    [
      'an answer to a body that was not asked for yet',
      'POST /a HTTP/1.1\r\nHost: test\r\nExpect: 100-continue\r\nContent-Length: 9\r\n\r\n',
      (request, response) => void request.resume().on('end', () => response.end()),
    ],
    [
      'an answer that says Connection: close, and is too long for a client that does not read',
      'GET /a HTTP/1.1\r\nHost: test\r\nConnection: close\r\n\r\n',
      (_request, response) => response.end('x'.repeat(32 * 1024 * 1024)),
    ],
  ]

  test.each(requests)('%s', async (_what, request, handler) => {
    let asked = 0
    const server = http1((...args) => {
      asked += 1
      handler(...args)
    })
    const { coordinator, connect } = await draining(server, shortMs)
    const client = await connect()
    client.socket.pause()
    client.send(request)
    await waitFor(() => asked > 0)
    expect(await coordinator.shutdown()).toMatchObject({
      clean: false,
      servers: [{ closedIdle: 0, closedIncomplete: 0, cut: [{ type: 'request', url: '/a' }] }],
    })
  })

  test('a WebSocket whose client keeps sending', async () => {
    const { coordinator, connect } = await draining(withUpgrades(), 200)
    const client = await connect()
    client.send(upgradeTo('websocket'))
    await client.answer(/101/)
    const done = coordinator.shutdown()
    await waitFor(() => client.received.includes(closeFrame))
    client.send('\x81\x01x')
    expect(await done).toMatchObject({
      clean: false,
      servers: [{ cut: [{ type: 'upgraded', protocol: 'websocket', url: '/live' }] }],
    })
  })

  test('a WebSocket whose handler has not answered the upgrade', async () => {
    const server = http1()
    let asked = 0
    server.on('upgrade', () => {
      asked += 1
    })
    const { coordinator, connect } = await draining(server, shortMs)
    const client = await connect()
    client.send(upgradeTo('websocket'))
    await waitFor(() => asked > 0)
    expect(await coordinator.shutdown()).toMatchObject({ servers: [{ cut: [{ type: 'upgraded' }] }] })
  })
})

describe('a silent client does not hold the shutdown up until the deadline', () => {
  test.each([
    ['a WebSocket', upgradeTo('websocket')],
    ['another protocol', upgradeTo('other')],
  ])('after the goodbye of %s', async (_what, request) => {
    const { coordinator, connect } = await draining(withUpgrades(), 20_000, { lingerMs: 10 })
    const client = await connect()
    client.staysOpen()
    client.send(request)
    await client.answer(/101/)
    const report = await coordinator.shutdown()
    expect(report).toMatchObject({ clean: true, servers: [{ closedIdle: 1 }] })
    // Long enough for an answer to come.
    expect(report.elapsedMs).toBeGreaterThanOrEqual(999)
    expect(report.elapsedMs).toBeLessThan(10_000)
  })

  test('that owes the rest of a request, which was answered', async () => {
    const held: ServerResponse[] = []
    const server = http1((_request, response) => held.push(response))
    const { coordinator, connect } = await draining(server, 20_000, { lingerMs: 10 })
    const client = await connect()
    client.staysOpen()
    client.send('POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 9\r\n\r\nbody')
    const response = await waitFor(() => held[0])
    const done = coordinator.shutdown()
    response.end('refused')
    await client.answer(/refused$/)
    const report = await done
    expect(report).toMatchObject({ clean: true, servers: [{ answered: 1, closedIdle: 1 }] })
    expect(report.elapsedMs).toBeLessThan(10_000)
  })

  test('that sent the rest of a request after its answer, before the drain', async () => {
    const requests: IncomingMessage[] = []
    const server = http1((request, response) => {
      requests.push(request)
      answer(request, response)
    })
    server.keepAliveTimeout = 60_000
    const { coordinator, connect } = await draining(server, 5_000, { lingerMs: 10 })
    const client = await connect()
    client.send('POST / HTTP/1.1\r\nHost: test\r\nContent-Length: 9\r\n\r\nbody')
    await client.answer(/hello$/)
    client.send('.rest')
    await waitFor(() => requests[0]?.closed)
    expect(await coordinator.shutdown()).toMatchObject({
      clean: true,
      servers: [{ closedIdle: 1, closedIncomplete: 0 }],
    })
  })
})

function upgradeTo(protocol: string): string {
  return `GET /live HTTP/1.1\r\nHost: test\r\nConnection: Upgrade\r\nUpgrade: ${protocol}\r\n\r\n`
}

/** Accepts every upgrade and tunnel, and does nothing with it. */
function withUpgrades(): http.Server {
  const server = http1()
  const accept = (_request: IncomingMessage, socket: Socket) => {
    socket.on('error', () => {}).resume()
    socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\n\r\n')
  }
  return server.on('upgrade', accept).on('connect', accept)
}
