import { once } from 'node:events'
import http, { type IncomingMessage, type ServerResponse } from 'node:http'
import { waitFor } from '@shellflip/testing'
import { afterEach, expect, test } from 'vitest'
import { type ServerOptions, ShutdownCoordinator } from './index.ts'
import { listening, RawClient } from './testing/raw-client.ts'

const scope: Disposable[] = []

afterEach(() => {
  for (const each of scope.splice(0).reverse()) each[Symbol.dispose]()
})

type Held = { path: string; request: IncomingMessage; response: ServerResponse }

/** A server that answers /hold… when the test says so, and everything else at once. */
async function start(options: ServerOptions = {}, drainTimeoutMs = 20_000) {
  const held: Held[] = []
  const coordinator = new ShutdownCoordinator({ drainTimeoutMs })
  const server = http.createServer((request, response) => {
    const path = request.url ?? ''
    if (path.startsWith('/hold')) held.push({ path, request, response })
    else response.end(`answer to ${path}`)
  })
  coordinator.watch(server, { name: 'web', ...options })
  const { port, ...listener } = await listening(server)
  scope.push(listener, { [Symbol.dispose]: () => server.closeAllConnections() })
  const connect = async () => {
    const client = await RawClient.connect(port)
    scope.push(client)
    return client
  }
  /** A client whose connection is known to the server, and idle. */
  const idleClient = async () => {
    const client = await connect()
    client.get('/first')
    await client.answer(/answer to \/first$/)
    return client
  }
  return { coordinator, server, port, held, connect, idleClient }
}

const keepAlive = /^Connection: keep-alive\r$/m
const close = /^Connection: close\r$/m

test('the listener closes at once, and new connections are refused', async () => {
  const { coordinator, port, idleClient } = await start()
  const idle = await idleClient()
  void coordinator.shutdown()
  await expect(RawClient.connect(port)).rejects.toMatchObject({ code: 'ECONNREFUSED' })
  expect(idle.ended).toBeUndefined()
})

test('an idle connection lingers: its next request is answered, with Connection: close', async () => {
  const { coordinator, idleClient } = await start()
  const client = await idleClient()
  const done = coordinator.shutdown()
  client.get('/second')
  expect(await client.answer(/answer to \/second$/)).toMatch(close)
  expect(await client.end()).toBe('end')
  expect(await done).toMatchObject({
    clean: true,
    servers: [{ name: 'web', answered: 1, closedIdle: 0, cut: [] }],
  })
})

test.each(['close', 'closeIdleConnections'] as const)(
  'an idle connection lingers also if a library calls %s() of the server when the shutdown begins',
  async (method) => {
    const { coordinator, server, idleClient } = await start()
    const client = await idleClient()
    coordinator.signal.addEventListener('abort', () => server[method]())
    coordinator.onDrain('library', async () => server[method]())
    const done = coordinator.shutdown()
    client.get('/second')
    expect(await client.answer(/answer to \/second$/)).toMatch(close)
    expect(await done).toMatchObject({ clean: true, servers: [{ answered: 1, closedIdle: 0, cut: [] }] })
  },
)

test('close() of a server closes idle connections before a shutdown, and after its registration is removed', async () => {
  const { server, idleClient } = await start()
  const before = await idleClient()
  server.closeIdleConnections()
  expect(await before.end()).toBe('end')

  const other = http.createServer()
  new ShutdownCoordinator().watch(other).remove()
  expect(Object.hasOwn(other, 'closeIdleConnections')).toBe(false)
})

test('an idle connection without a request is closed after the linger', async () => {
  const { coordinator, idleClient, connect } = await start({ lingerMs: 50 })
  const used = await idleClient()
  const silent = await connect()
  await idleClient()
  const done = coordinator.shutdown()
  expect(await used.end()).toBe('end')
  expect(await silent.end()).toBe('end')
  const report = await done
  expect(report).toMatchObject({ clean: true, servers: [{ answered: 0, closedIdle: 3, cut: [] }] })
  expect(report.elapsedMs).toBeGreaterThanOrEqual(49)
})

test('an answer whose handler is running gets Connection: close', async () => {
  const { coordinator, held, connect } = await start()
  const client = await connect()
  client.get('/hold')
  const { response } = await waitFor(() => held[0])
  const done = coordinator.shutdown()
  response.end('late')
  expect(await client.answer(/late$/)).toMatch(close)
  expect(await client.end()).toBe('end')
  expect(await done).toMatchObject({ clean: true, servers: [{ answered: 1 }] })
})

test('an answer that had begun before continues, and its connection lingers from its end', async () => {
  const { coordinator, held, connect, idleClient } = await start({ lingerMs: 1_000 })
  const idle = await idleClient()
  const client = await connect()
  client.get('/hold')
  const { response } = await waitFor(() => held[0])
  response.writeHead(200, { 'Content-Length': 4 }).write('be')
  expect(await client.answer(/be$/)).toMatch(keepAlive)
  void coordinator.shutdown()
  await idle.end()
  response.end('en')
  await client.answer(/en$/)
  client.get('/next')
  expect(await client.answer(/answer to \/next$/)).toMatch(close)
})

const handlers: [string, (response: ServerResponse) => void][] = [
  ['setHeader', (response) => response.setHeader('connection', 'keep-alive')],
  ['removeHeader', (response) => response.removeHeader('connection')],
  ['writeHead with an object', (response) => response.writeHead(200, 'Fine', { connection: 'keep-alive' })],
  ['writeHead with a list', (response) => response.writeHead(200, ['x', 'y', 'connection', 'keep-alive'])],
  ['writeHead with pairs', (response) => response.writeHead(200, [['CONNECTION', 'keep-alive']] as never)],
]

test.each(handlers)('a handler that says something else by %s is overruled', async (_how, handler) => {
  const { coordinator, held, connect } = await start()
  const client = await connect()
  client.get('/hold')
  const { response } = await waitFor(() => held[0])
  void coordinator.shutdown()
  handler(response)
  response.end('end.')
  const answer = await client.answer(/end\.\r\n0\r\n\r\n$|end\.$/)
  expect(answer.match(/^connection: .*$/gim)?.map((line) => line.toLowerCase())).toEqual([
    'connection: close',
  ])
})

test('of pipelined requests all are answered, and only the last answer says Connection: close', async () => {
  const { coordinator, held, connect } = await start()
  const client = await connect()
  client.get('/hold-1')
  client.get('/hold-2')
  await waitFor(() => held.length === 2)
  const done = coordinator.shutdown()
  client.get('/hold-3')
  await waitFor(() => held.length === 3)
  for (const { path, response } of held) response.end(`answer to ${path}`)
  const answers = await client.answer(/answer to \/hold-3$/)
  expect(answers.match(/^Connection: .*$/gm)).toEqual([
    'Connection: keep-alive',
    'Connection: keep-alive',
    'Connection: close',
  ])
  expect(await client.end()).toBe('end')
  expect(await done).toMatchObject({ clean: true, servers: [{ answered: 3 }] })
})

test.each([1, 2, 8])(
  'answers all of %d requests that one read brings to a handler that answers at once',
  async (count) => {
    const { coordinator, idleClient } = await start()
    const client = await idleClient()
    const done = coordinator.shutdown()
    const paths = Array.from({ length: count }, (_, n) => `/pipelined-${n + 1}`)
    client.send(paths.map((path) => `GET ${path} HTTP/1.1\r\nHost: test\r\n\r\n`).join(''))
    const answers = await client.answer(new RegExp(`answer to /pipelined-${count}$`))
    expect(answers.match(/answer to \S+$|answer to \S+(?=HTTP)/gm)).toEqual(
      paths.map((path) => `answer to ${path}`),
    )
    expect(answers.match(/^Connection: .*$/gm)).toEqual([
      ...paths.slice(1).map(() => 'Connection: keep-alive'),
      'Connection: close',
    ])
    expect(await client.end()).toBe('end')
    expect(await done).toMatchObject({ clean: true, servers: [{ answered: count }] })
  },
)

test('a connection is not idle while the beginning of a request has come in', async () => {
  const { coordinator, server, idleClient } = await start({ lingerMs: 20 })
  const slow = await idleClient()
  const idle = await idleClient()
  slow.send('GET /slow HTTP/1.1\r\nHo')
  await roundTrip(server)
  void coordinator.shutdown()
  await idle.end()
  slow.send('st: test\r\n\r\n')
  expect(await slow.answer(/answer to \/slow$/)).toMatch(close)
})

/** When a later request on another connection is answered, the server has received everything sent before. */
async function roundTrip(server: http.Server): Promise<void> {
  const { port } = server.address() as { port: number }
  using probe = await RawClient.connect(port)
  probe.get('/probe')
  await probe.answer(/answer to \/probe$/)
}

test('an answer given before the whole request has come in is not lost by a reset', async () => {
  const { coordinator, held, connect } = await start()
  const client = await connect()
  const bytes = 8 * 1024 * 1024
  client.send(`POST /hold HTTP/1.1\r\nHost: test\r\nContent-Length: ${bytes}\r\n\r\n`)
  const { response } = await waitFor(() => held[0])
  const done = coordinator.shutdown()
  client.socket.pause()
  response.end('refused')
  await waitFor(() => response.writableFinished)
  client.send('x'.repeat(bytes))
  await waitFor(() => client.socket.writableLength === 0)
  client.socket.resume()
  expect(await client.answer(/refused$/)).toMatch(close)
  expect(await client.end()).toBe('end')
  expect(await done).toMatchObject({ clean: true })
})

test('what is left at the deadline is cut and named', async () => {
  const { coordinator, held, connect, idleClient } = await start({}, 50)
  const client = await connect()
  client.get('/hold?n=1')
  await waitFor(() => held[0])
  const idle = await idleClient()
  const report = await coordinator.shutdown()
  expect(report.clean).toBe(false)
  expect(report.servers[0]).toMatchObject({
    closedIdle: 1,
    cut: [{ type: 'request', method: 'GET', url: '/hold?n=1' }],
  })
  await client.end()
  await idle.end()
})

test('a request that the handler of checkContinue answers is drained too', async () => {
  const { coordinator, server, connect } = await start()
  const held: ServerResponse[] = []
  server.on('checkContinue', (_request, response: ServerResponse) => held.push(response))
  const client = await connect()
  client.send('POST / HTTP/1.1\r\nHost: test\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\n')
  const response = await waitFor(() => held[0])
  const done = coordinator.shutdown()
  response.writeContinue()
  await client.answer(/100 Continue/)
  client.send('x')
  response.end('taken')
  expect(await client.answer(/taken$/)).toMatch(close)
  expect(await done).toMatchObject({ clean: true, servers: [{ answered: 1 }] })
})

test('a program that handles no upgrades still does not', async () => {
  const { server, connect } = await start()
  const client = await connect()
  client.send('GET /plain HTTP/1.1\r\nHost: test\r\nConnection: Upgrade\r\nUpgrade: other\r\n\r\n')
  expect(await client.answer(/answer to \/plain$/)).toMatch(/^HTTP\/1\.1 200/)
  expect(server.listenerCount('upgrade')).toBe(0)
  const handler = () => {}
  server.on('upgrade', handler)
  expect(server.listenerCount('upgrade')).toBe(2)
  server.removeListener('upgrade', handler)
  expect(server.listenerCount('upgrade')).toBe(0)
})

test('accepting may go on for a while, for load balancers that lag behind', async () => {
  const { coordinator, connect, port } = await start({ keepAcceptingMs: 1_000 })
  const done = coordinator.shutdown()
  const late = await connect()
  late.get('/late')
  expect(await late.answer(/answer to \/late$/)).toMatch(close)
  expect(await done).toMatchObject({ clean: true, servers: [{ answered: 1 }] })
  await expect(RawClient.connect(port)).rejects.toMatchObject({ code: 'ECONNREFUSED' })
})

test('a server that begins to listen during the shutdown stops at once', async () => {
  const coordinator = new ShutdownCoordinator()
  const server = http.createServer()
  coordinator.watch(server)
  await coordinator.shutdown()
  server.listen(0)
  await once(server, 'listening')
  expect(server.listening).toBe(false)
})

test('a server whose registration was taken back is left alone, with no listener of ours', async () => {
  const coordinator = new ShutdownCoordinator()
  const server = http.createServer((_request, response) => response.end('still here'))
  const before = server.eventNames().map((event) => [event, server.listenerCount(event)])
  coordinator.watch(server)[Symbol.dispose]()
  expect(server.eventNames().map((event) => [event, server.listenerCount(event)])).toEqual(before)
  using listener = await listening(server)
  expect(await coordinator.shutdown()).toMatchObject({ servers: [] })
  using client = await RawClient.connect(listener.port)
  client.get('/')
  expect(await client.answer(/still here$/)).toMatch(keepAlive)
})
