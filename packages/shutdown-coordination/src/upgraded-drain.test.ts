import http from 'node:http'
import type { Server, Socket } from 'node:net'
import { waitFor } from '@shellflip/testing'
import { expect, test } from 'vitest'
import { type ServerOptions, ShutdownCoordinator } from './index.ts'
import { listening, RawClient } from './testing/raw-client.ts'

const switching = (protocol: string) =>
  `HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: ${protocol}\r\n\r\n`

async function start(options: ServerOptions, drainTimeoutMs = 20_000, answerUpgrade = true) {
  const coordinator = new ShutdownCoordinator({ drainTimeoutMs })
  const server = http.createServer((_request, response) => response.end('plain'))
  const upgraded: Socket[] = []
  server.on('upgrade', (request, socket: Socket) => {
    upgraded.push(socket)
    socket.on('end', () => socket.end()).on('error', () => {})
    socket.resume()
    if (answerUpgrade) socket.write(switching(request.headers.upgrade ?? ''))
  })
  coordinator.watch(server, options)
  const listener = await listening(server)
  const client = await RawClient.connect(listener.port)
  const upgrade = (protocol: string) =>
    client.send(`GET /live HTTP/1.1\r\nHost: test\r\nConnection: Upgrade\r\nUpgrade: ${protocol}\r\n\r\n`)
  const stack = {
    [Symbol.dispose]: () => {
      client[Symbol.dispose]()
      for (const socket of upgraded) socket.destroy()
      listener[Symbol.dispose]()
    },
  }
  return { coordinator, client, upgraded, upgrade, ...stack }
}

const closeFrame1001 = '\x88\x02\x03\xe9'

test('a WebSocket is not offered to another process', async () => {
  const offered: Socket[] = []
  const moveConnections = async (_: Server, socket: Socket) => offered.push(socket) > 0
  using service = await start({ moveConnections: true })
  const { coordinator, client, upgrade } = service
  upgrade('websocket')
  await client.answer(/101 Switching/)
  const done = coordinator.shutdown({ moveConnections })
  expect(await client.answer(/./s)).toBe(closeFrame1001)
  client.socket.end()
  expect(await done).toMatchObject({ clean: true, servers: [{ moved: 0 }] })
  expect(offered).toEqual([])
})

test('a WebSocket is sent a close frame with 1001 and waited for', async () => {
  using service = await start({})
  const { coordinator, client, upgrade } = service
  upgrade('websocket')
  await client.answer(/101 Switching/)
  const done = coordinator.shutdown()
  expect(await client.answer(/./s)).toBe(closeFrame1001)
  client.socket.end()
  expect(await done).toMatchObject({ clean: true })
})

test('a WebSocket that is opened while the server drains gets the close frame after the handshake', async () => {
  using service = await start({}, 20_000, false)
  const { coordinator, client, upgraded, upgrade } = service
  client.get('/')
  await client.answer(/plain$/)
  const done = coordinator.shutdown()
  upgrade('websocket')
  const socket = await waitFor(() => upgraded[0])
  await lingering(60)
  socket.write(switching('websocket'))
  expect(await client.answer(/Upgrade: websocket\r\n\r\n..../s)).toBe(switching('websocket') + closeFrame1001)
  client.socket.end()
  expect(await done).toMatchObject({ clean: true })
})

/** As long as a connection of another server, which drains as well, stays open without a request. */
async function lingering(lingerMs: number): Promise<void> {
  using other = await start({ lingerMs })
  other.client.get('/')
  await other.client.answer(/plain$/)
  await other.coordinator.shutdown()
}

test('of any other protocol our side is ended', async () => {
  using service = await start({})
  const { coordinator, client, upgrade } = service
  upgrade('other')
  await client.answer(/101 Switching/)
  const done = coordinator.shutdown()
  expect(await client.end()).toBe('end')
  expect(await done).toMatchObject({ clean: true })
})

test('the program may end an upgraded connection in its own words', async () => {
  const asked: (string | undefined)[] = []
  using service = await start({
    drainUpgraded: (socket, request) => {
      asked.push(request.url)
      socket.end('goodbye')
    },
  })
  const { coordinator, client, upgrade } = service
  upgrade('websocket')
  await client.answer(/101 Switching/)
  const done = coordinator.shutdown()
  expect(await client.answer(/goodbye/)).toBe('goodbye')
  expect(await done).toMatchObject({ clean: true })
  expect(asked).toEqual(['/live'])
})

test('a callback that throws is reported, and the connection is cut at the deadline', async () => {
  const broken = new Error('broken')
  using service = await start(
    {
      name: 'live',
      drainUpgraded: () => {
        throw broken
      },
    },
    50,
  )
  const { coordinator, client, upgrade } = service
  upgrade('websocket')
  await client.answer(/101 Switching/)
  expect(await coordinator.shutdown()).toMatchObject({
    clean: false,
    failed: [{ name: 'live', error: broken }],
    servers: [{ cut: [{ type: 'upgraded', protocol: 'websocket', url: '/live' }] }],
  })
  await client.end()
})
