import { once } from 'node:events'
import http2, { type ClientHttp2Session, type ClientHttp2Stream, type ServerHttp2Stream } from 'node:http2'
import tls from 'node:tls'
import { waitFor } from '@shellflip/testing'
import { expect, test } from 'vitest'
import { ShutdownCoordinator } from './index.ts'
import { listening, RawClient } from './testing/raw-client.ts'
import { selfSigned } from './testing/self-signed.ts'

type Setup = { secure: boolean; drainTimeoutMs?: number; lingerMs?: number }

async function start({ secure, drainTimeoutMs = 20_000, lingerMs = 5_000 }: Setup) {
  const coordinator = new ShutdownCoordinator({ drainTimeoutMs })
  const server = secure ? http2.createSecureServer({ ...selfSigned, allowHTTP1: true }) : http2.createServer()
  const held: ServerHttp2Stream[] = []
  server.on('stream', (stream, headers) => {
    stream.on('error', () => {})
    if (headers[':path'] === '/hold') held.push(stream)
    else stream.end('at once')
  })
  coordinator.watch(server, { name: 'h2', lingerMs })
  const listener = await listening(server)
  const client = http2.connect(`${secure ? 'https' : 'http'}://127.0.0.1:${listener.port}`, {
    rejectUnauthorized: false,
  })
  client.on('error', () => {})
  await once(client, 'remoteSettings')
  const stack = {
    [Symbol.dispose]: () => {
      client.destroy()
      listener[Symbol.dispose]()
    },
  }
  return { coordinator, server, client, held, port: listener.port, ...stack }
}

async function bodyOf(stream: ClientHttp2Stream): Promise<string> {
  let body = ''
  for await (const chunk of stream.setEncoding('utf8')) body += chunk
  return body
}

function goaways(client: ClientHttp2Session): number[] {
  const lastStreamIds: number[] = []
  client.on('goaway', (_code, lastStreamId) => lastStreamIds.push(lastStreamId))
  return lastStreamIds
}

test.each([false, true])(
  'sessions get a GOAWAY, and open streams are answered (secure: %s)',
  async (secure) => {
    using service = await start({ secure })
    const { coordinator, client, held } = service
    const stream = client.request({ ':path': '/hold' })
    const answer = await waitFor(() => held[0])
    const lastStreamIds = goaways(client)
    const closed = once(client, 'close')
    const done = coordinator.shutdown()
    await waitFor(() => lastStreamIds.length > 0)
    answer.respond({ ':status': 200 })
    answer.end('in the end')
    expect(await bodyOf(stream)).toBe('in the end')
    await closed
    expect(await done).toMatchObject({ clean: true, servers: [{ answered: 1, cut: [] }] })
  },
)

test('a request that crosses the first GOAWAY is answered', async () => {
  using service = await start({ secure: false })
  const { coordinator, client } = service
  const lastStreamIds = goaways(client)
  const done = coordinator.shutdown()
  const crossing = client.request({ ':path': '/crossing' })
  expect(await bodyOf(crossing)).toBe('at once')
  expect(lastStreamIds[0]).toBe(2 ** 31 - 1)
  expect(await done).toMatchObject({ clean: true, servers: [{ answered: 1 }] })
})

test('an idle session is closed', async () => {
  using service = await start({ secure: true })
  const closed = once(service.client, 'close')
  expect(await service.coordinator.shutdown()).toMatchObject({ clean: true })
  await closed
})

test('what is left at the deadline is cut and named', async () => {
  using service = await start({ secure: false, drainTimeoutMs: 50 })
  const { coordinator, client, held } = service
  client.request({ ':path': '/hold' }).on('error', () => {})
  await waitFor(() => held[0])
  expect(await coordinator.shutdown()).toMatchObject({
    clean: false,
    servers: [{ name: 'h2', cut: [{ type: 'request', method: 'GET', url: '/hold' }] }],
  })
})

test('HTTP/1.1 on the same port drains by Connection: close, and silent connections linger', async () => {
  using service = await start({ secure: true, lingerMs: 1_000 })
  const { coordinator, server, port } = service
  server.on('request', (request, response) => {
    if (request.httpVersionMajor === 1) response.end('one')
  })
  const connect = async () => {
    const socket = tls.connect({ port, rejectUnauthorized: false, ALPNProtocols: ['http/1.1'] })
    await once(socket, 'secureConnect')
    return new RawClient(socket)
  }
  using silent = await connect()
  using client = await connect()
  client.get('/')
  await client.answer(/one/)
  const done = coordinator.shutdown()
  client.get('/')
  expect(await client.answer(/one/)).toMatch(/^Connection: close\r$/m)
  expect(await silent.end()).toBe('end')
  expect(await done).toMatchObject({ clean: true, servers: [{ answered: 1, closedIdle: 1 }] })
})
