import { once } from 'node:events'
import http, { type ServerResponse } from 'node:http'
import net, { type Socket } from 'node:net'
import { waitFor } from '@shellflip/testing'
import { afterEach, describe, expect, test } from 'vitest'
import { type ServerOptions, ShutdownCoordinator } from './index.ts'
import { listening, RawClient } from './testing/raw-client.ts'

const scope: Disposable[] = []

afterEach(() => {
  for (const each of scope.splice(0).reverse()) each[Symbol.dispose]()
})

const close = /^Connection: close\r$/m

/** A server that holds the answers to /hold, and answers everything else at once. */
function holding() {
  const held: ServerResponse[] = []
  const sockets: Socket[] = []
  const server = http.createServer((request, response) => {
    if (request.url === '/hold') held.push(response)
    else response.end(`answer to ${request.url}`)
  })
  server.keepAliveTimeout = 60_000
  server.on('connection', (socket) => sockets.push(socket))
  scope.push({ [Symbol.dispose]: () => sockets.forEach((socket) => void socket.destroy()) })
  return { server, held, sockets }
}

function coordinatorOf(server: net.Server, options: ServerOptions = {}, drainTimeoutMs = 20_000) {
  const coordinator = new ShutdownCoordinator({ drainTimeoutMs })
  coordinator.watch(server, options)
  return coordinator
}

async function clientOf(server: net.Server): Promise<RawClient> {
  if (!server.listening) scope.push(await listening(server))
  const client = await RawClient.connect((server.address() as net.AddressInfo).port)
  scope.push(client)
  return client
}

async function answered(client: RawClient, path: string): Promise<string> {
  client.get(path)
  return client.answer(new RegExp(`answer to ${path}$`))
}

describe('before the drain', () => {
  /** How many listeners each event of a response, of its request and of its socket has while the handler runs. */
  async function listenersOf(server: http.Server) {
    const counts: [string | symbol, number][][] = []
    server.on('request', (request, response) => {
      for (const emitter of [request, response, request.socket]) {
        counts.push(emitter.eventNames().map((event) => [event, emitter.listenerCount(event)]))
      }
      response.end('counted')
    })
    const client = await clientOf(server)
    client.get('/')
    await client.answer(/counted$/)
    const [request = [], response = [], socket = []] = counts
    return { request: new Map(request), response: new Map(response), socket: new Map(socket) }
  }

  test('requests and responses have no listener of ours, and a connection has one', async () => {
    const plain = await listenersOf(http.createServer())
    const server = http.createServer()
    coordinatorOf(server)
    const ours = await listenersOf(server)
    plain.socket.set('close', (plain.socket.get('close') ?? 0) + 1)
    expect(ours).toEqual(plain)
  })
})

/** Returns a client that was answered once, and whose next request has arrived in part. */
async function clientAmidHead(server: net.Server, sockets: readonly Socket[]): Promise<RawClient> {
  const client = await clientOf(server)
  await answered(client, '/first')
  const socket = sockets.at(-1)
  const before = socket?.bytesRead ?? 0
  client.send('GET /slow HTTP/1.1\r\n')
  await waitFor(() => (socket?.bytesRead ?? 0) > before)
  return client
}

describe('a drain finds out what each connection is doing:', () => {
  test('one is idle, one amid a head, one is answered, and one has its next request waiting', async () => {
    const { server, held, sockets } = holding()
    const coordinator = coordinatorOf(server, { lingerMs: 50 })
    const idle = await clientOf(server)
    await answered(idle, '/idle')
    const slow = await clientAmidHead(server, sockets)
    const busy = await clientOf(server)
    busy.get('/hold')
    const piping = await clientOf(server)
    await waitFor(() => held.length === 1)
    piping.get('/hold')
    piping.get('/hold')
    await waitFor(() => held.length === 3)

    const done = coordinator.shutdown()
    expect(await idle.end()).toBe('end')
    slow.send('Host: test\r\n\r\n')
    expect(await slow.answer(/answer to \/slow$/)).toMatch(close)
    const [one, two, three] = held
    one?.end('busy')
    expect(await busy.answer(/busy$/)).toMatch(close)
    three?.end('third')
    two?.end('second')
    const answers = await piping.answer(/second.*third$/s)
    expect(answers.match(/^Connection: .*$/gm)).toEqual(['Connection: keep-alive', 'Connection: close'])
    expect(await done).toMatchObject({
      clean: true,
      servers: [{ answered: 4, closedIdle: 1, closedIncomplete: 0, cut: [] }],
    })
  })

  test('one was answered before its request had arrived, and lingers as an idle one', async () => {
    const { server } = holding()
    const coordinator = coordinatorOf(server, { lingerMs: 50 })
    const client = await clientOf(server)
    client.send('POST /early HTTP/1.1\r\nHost: test\r\nContent-Length: 9\r\n\r\nbody')
    await client.answer(/answer to \/early$/)
    const report = await coordinator.shutdown()
    expect(report).toMatchObject({ clean: true, servers: [{ closedIdle: 1, closedIncomplete: 0 }] })
    expect(report.elapsedMs).toBeLessThan(10_000)
  })

  test('the requests that the deadline cuts include those that wait behind another', async () => {
    const { server, held } = holding()
    const coordinator = coordinatorOf(server, {}, 50)
    const client = await clientOf(server)
    client.get('/hold')
    client.get('/hold')
    await waitFor(() => held.length === 2)
    const { servers } = await coordinator.shutdown()
    const request = { type: 'request', method: 'GET', url: '/hold' }
    expect(servers).toMatchObject([{ cut: [request, request] }])
  })
})

describe('a server that is watched when it has connections', () => {
  test('drains those that have sent a request since', async () => {
    const { server, held } = holding()
    const idle = await clientOf(server)
    await answered(idle, '/before')
    const busy = await clientOf(server)
    await answered(busy, '/before')
    const coordinator = coordinatorOf(server, { lingerMs: 50 })
    await answered(idle, '/since')
    busy.get('/hold')
    const response = await waitFor(() => held[0])
    const done = coordinator.shutdown()
    response.end('late')
    expect(await busy.answer(/late$/)).toMatch(close)
    expect(await idle.end()).toBe('end')
    expect(await done).toMatchObject({ clean: true, servers: [{ answered: 1, closedIdle: 1 }] })
  })

  test('answers their first request during the drain with Connection: close', async () => {
    const { server } = holding()
    const known = await clientOf(server)
    const unknown = await clientOf(server)
    await answered(unknown, '/before')
    const coordinator = coordinatorOf(server)
    await answered(known, '/since')
    void coordinator.shutdown()
    expect(await answered(unknown, '/during')).toMatch(close)
  })
})

describe('a server that never listens, and gets its connections from another one,', () => {
  test('closes idle connections after the linger, and answers half-read requests', async () => {
    const { server, sockets } = holding()
    const coordinator = coordinatorOf(server, { lingerMs: 50 })
    const front = net.createServer((socket) => server.emit('connection', socket))
    const idle = await clientOf(front)
    await answered(idle, '/first')
    const slow = await clientAmidHead(front, sockets)
    const ended = once(idle.socket, 'end')
    const done = coordinator.shutdown()
    await ended
    slow.send('Host: test\r\n\r\n')
    expect(await slow.answer(/answer to \/slow$/)).toMatch(close)
    expect(await done).toMatchObject({ clean: true, servers: [{ answered: 1, closedIdle: 1, cut: [] }] })
  })
})
