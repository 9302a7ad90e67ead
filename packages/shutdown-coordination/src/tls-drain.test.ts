import { once } from 'node:events'
import https from 'node:https'
import type net from 'node:net'
import tls from 'node:tls'
import { waitFor } from '@shellflip/testing'
import { expect, test } from 'vitest'
import { type ServerOptions, ShutdownCoordinator } from './index.ts'
import { listening, RawClient } from './testing/raw-client.ts'
import { selfSigned } from './testing/self-signed.ts'

async function start(options: ServerOptions = {}, drainTimeoutMs = 20_000) {
  const coordinator = new ShutdownCoordinator({ drainTimeoutMs })
  const server = https.createServer(selfSigned, (request, response) =>
    response.end(`answer to ${request.url}`),
  )
  coordinator.watch(server, options)
  const listener = await listening(server)
  const connect = async () => {
    const socket = tls.connect({ port: listener.port, rejectUnauthorized: false })
    await once(socket, 'secureConnect')
    return new RawClient(socket)
  }
  return { coordinator, server, connect, ...listener }
}

test('https: an idle connection lingers and is answered with Connection: close', async () => {
  using service = await start()
  using client = await service.connect()
  client.get('/first')
  await client.answer(/first$/)
  const done = service.coordinator.shutdown()
  client.get('/second')
  expect(await client.answer(/second$/)).toMatch(/^Connection: close\r$/m)
  expect(await client.end()).toBe('end')
  expect(await done).toMatchObject({ clean: true, servers: [{ answered: 1, closedIdle: 0 }] })
})

test('https: connections have their keys in this process, and are not offered to another one', async () => {
  const offered: net.Socket[] = []
  const moveConnections = async (_: net.Server, socket: net.Socket) => offered.push(socket) > 0
  using service = await start()
  using client = await service.connect()
  client.get('/first')
  await client.answer(/first$/)
  const done = service.coordinator.shutdown({ moveConnections })
  client.get('/second')
  expect(await client.answer(/second$/)).toMatch(/^Connection: close\r$/m)
  expect(await done).toMatchObject({ clean: true, servers: [{ answered: 1, moved: 0 }] })
  expect(offered).toEqual([])
})

test('https: idle connections, and those that never began a handshake, are closed after the linger', async () => {
  using service = await start({ lingerMs: 50 })
  using client = await service.connect()
  client.get('/first')
  await client.answer(/first$/)
  using silent = await RawClient.connect(service.port)
  await waitFor(() => connectionsOf(service.server).then((count) => count === 2))
  const done = service.coordinator.shutdown()
  expect(await client.end()).toBe('end')
  expect(await silent.end()).toBe('end')
  expect(await done).toMatchObject({ clean: true, servers: [{ closedIdle: 2, cut: [] }] })
})

test('https: a handshake that is under way when the drain begins is finished and served', async () => {
  using service = await start()
  using raw = await RawClient.connect(service.port)
  await waitFor(() => connectionsOf(service.server).then((count) => count === 1))
  const done = service.coordinator.shutdown()
  raw.socket.removeAllListeners()
  const secure = tls.connect({ socket: raw.socket as net.Socket, rejectUnauthorized: false })
  using client = new RawClient(secure)
  client.get('/late')
  expect(await client.answer(/late$/)).toMatch(/^Connection: close\r$/m)
  expect(await done).toMatchObject({ clean: true, servers: [{ answered: 1 }] })
})

test('https: a handshake that never ends is closed at the deadline, and no work is lost', async () => {
  using service = await start({}, 50)
  using raw = await RawClient.connect(service.port)
  raw.send('\x16\x03\x01')
  await waitFor(() => connectionsOf(service.server).then((count) => count === 1))
  expect(await service.coordinator.shutdown()).toMatchObject({
    clean: true,
    servers: [{ closedIdle: 0, closedIncomplete: 1, cut: [] }],
  })
  await raw.end()
})

test('https: a connection that is closed at the deadline counts once, and not as a handshake', async () => {
  using service = await start({}, 50)
  using client = await service.connect()
  client.get('/first')
  await client.answer(/first$/)
  expect(await service.coordinator.shutdown()).toMatchObject({
    clean: true,
    servers: [{ closedIdle: 1, closedIncomplete: 0, cut: [] }],
  })
  await client.end()
})

test('tls: connections end when they like to, or by the callback', async () => {
  const coordinator = new ShutdownCoordinator()
  const server = tls.createServer(selfSigned, (socket) => socket.pipe(socket))
  coordinator.watch(server, { drainSocket: (socket) => void socket.end('bye') })
  using listener = await listening(server)
  const socket = tls.connect({ port: listener.port, rejectUnauthorized: false })
  using client = new RawClient(socket)
  client.send('hello')
  await client.answer(/hello/)
  const done = coordinator.shutdown()
  expect(await client.answer(/bye/)).toBe('bye')
  expect(await done).toMatchObject({ clean: true })
})

function connectionsOf(server: net.Server): Promise<number> {
  return new Promise((resolve, reject) => {
    server.getConnections((error, count) => (error ? reject(error) : resolve(count)))
  })
}
