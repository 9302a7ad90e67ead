import { once } from 'node:events'
import { createServer } from 'node:http'
import { createServer as createTcpServer } from 'node:net'
import { temporaryFolder, waitFor } from '@shellflip/testing'
import { afterEach, expect, test } from 'vitest'
import { answer, echoWebSocket } from '../services/answers.mjs'
import { Load } from './load.mjs'
import { breakingServer } from './testing/breaking-server.mjs'

const cleanups = []
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).toReversed()) await cleanup()
})

async function listening(server) {
  const sockets = new Set()
  server.on('connection', (socket) => sockets.add(socket))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  cleanups.push(() => {
    server.close()
    for (const socket of sockets) socket.destroy()
  })
  return { target: { host: '127.0.0.1', port: server.address().port }, sockets }
}

function loadOn(target, shape) {
  const load = new Load({ target, shape })
  cleanups.push(() => load.stop(0))
  return load
}

test('streams that nobody ends are established, and nothing else', async () => {
  const { target } = await listening(createServer(answer))
  const load = loadOn(target, { clients: 'streams', connections: 10, everyMs: 5 })
  expect(await load.established(10_000)).toBe(10)
  expect(await load.stop(0)).toMatchObject({ ok: 10, cut: 0, reconnects: 0, failures: {} })
})

test('connections that nobody answers are not established', async () => {
  const { target } = await listening(createTcpServer((socket) => socket.on('error', () => {})))
  const load = loadOn(target, { clients: 'streams', connections: 2, everyMs: 5 })
  expect(await load.established(50)).toBe(0)
})

test('a slice of connections waits for the answers of the slice before it', async () => {
  const unanswered = new Set()
  let peak = 0
  const server = createServer((request, response) =>
    setTimeout(() => {
      unanswered.delete(request.socket)
      answer(request, response)
    }, 20),
  )
  server.on('connection', (socket) => {
    unanswered.add(socket)
    peak = Math.max(peak, unanswered.size)
  })
  const { target } = await listening(server)
  for (const shape of [{ clients: 'requests' }, { clients: 'streams', everyMs: 50 }]) {
    const load = loadOn(target, { ...shape, connections: 200 })
    await load.started
    expect(load.segment.ok).toBeGreaterThanOrEqual(200)
    await load.stop(0)
  }
  expect(peak).toBeLessThanOrEqual(64)
})

test('each stream that the server ends is cut once, and established again', async () => {
  const { target, sockets } = await listening(createServer(answer))
  const load = loadOn(target, { clients: 'streams', connections: 10, everyMs: 5 })
  await waitFor(() => load.segment.ok === 10)
  const [first, second, third] = sockets
  first.resetAndDestroy()
  second.end()
  third.destroy()
  await waitFor(() => load.segment.ok === 13)
  expect(await load.stop(0)).toMatchObject({ ok: 13, cut: 3, reconnects: 3, failures: {} })
})

test('a lost tick is a wrong body', async () => {
  let connections = 0
  const server = createTcpServer((socket) => {
    connections += 1
    socket.on('error', () => {})
    const ticks = connections === 1 ? 'tick 1\ntick 3\n' : 'tick 1\ntick 2\n'
    socket.once('data', () => socket.write(`HTTP/1.1 200 OK\r\n\r\nGENERATION 1\n${ticks}`))
  })
  const { target } = await listening(server)
  const load = loadOn(target, { clients: 'streams', connections: 1, everyMs: 5 })
  await waitFor(() => load.segment.reconnects === 1)
  expect(await load.stop(0)).toMatchObject({ ok: 2, cut: 0, reconnects: 1, failures: { body: 1 } })
})

test('a stream that fell silent is hanging', async () => {
  const server = createTcpServer((socket) => {
    socket.on('error', () => {})
    socket.once('data', () => socket.write('HTTP/1.1 200 OK\r\n\r\nGENERATION 1\n'))
  })
  const { target } = await listening(server)
  const load = loadOn(target, { clients: 'streams', connections: 3, everyMs: 5, silentAfterMs: 0 })
  await waitFor(() => load.segment.ok === 3)
  expect(await load.stop(0)).toMatchObject({ ok: 3, failures: { hanging: 3 } })
})

test('WebSockets that nobody ends have their echoes, and nothing else', async () => {
  const { target } = await listening(createServer().on('upgrade', echoWebSocket))
  const load = loadOn(target, { clients: 'webSockets', connections: 5, everyMs: 5 })
  await waitFor(() => load.segment.ok >= 50)
  expect(await load.stop(0)).toMatchObject({ cut: 0, reconnects: 0, failures: {} })
})

test('a WebSocket that is ended with a frame in flight is cut, and a failure', async () => {
  let upgrades = 0
  const server = createServer().on('upgrade', (request, socket, head) => {
    upgrades += 1
    if (upgrades > 2) return echoWebSocket(request, socket, head)
    socket.on('error', () => {})
    socket.write('HTTP/1.1 101 Switching Protocols\r\n\r\n')
    socket.once('data', () => socket.end())
  })
  const { target } = await listening(server)
  const load = loadOn(target, { clients: 'webSockets', connections: 2, everyMs: 5 })
  await waitFor(() => load.segment.reconnects === 2)
  expect(await load.stop(0)).toMatchObject({ cut: 2, reconnects: 2, failures: { closed: 2 } })
})

test('a request that cannot be written is EPIPE', async () => {
  const folder = temporaryFolder()
  cleanups.push(() => folder[Symbol.dispose]())
  // On a UNIX socket the kernel refuses a write as soon as the other side has closed.
  const server = await breakingServer((request) => (request % 10 === 0 ? 'answer-and-destroy' : 'answer'), {
    path: folder.join('s'),
  })
  cleanups.push(() => server[Symbol.dispose]())
  const load = loadOn(server.target, { clients: 'requests', connections: 1, requests: 41 })
  await load.finished()
  expect(await load.stop(0)).toMatchObject({ ok: 38, failures: { epipe: 3 }, reconnects: 3 })
})
