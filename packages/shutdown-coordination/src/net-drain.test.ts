import { existsSync } from 'node:fs'
import net, { type Socket } from 'node:net'
import { temporaryFolder, waitFor } from '@shellflip/testing'
import { expect, test } from 'vitest'
import { type ServerOptions, ShutdownCoordinator } from './index.ts'
import { listening, RawClient } from './testing/raw-client.ts'

async function start(options: ServerOptions, drainTimeoutMs = 20_000) {
  const coordinator = new ShutdownCoordinator({ drainTimeoutMs })
  const server = net.createServer((socket) => socket.pipe(socket))
  coordinator.watch(server, options)
  const listener = await listening(server)
  const client = await RawClient.connect(listener.port)
  client.send('hello')
  await client.answer(/hello/)
  const stack = {
    [Symbol.dispose]: () => {
      client[Symbol.dispose]()
      listener[Symbol.dispose]()
    },
  }
  return { coordinator, server, client, port: listener.port, ...stack }
}

test('the listener closes, and open connections are served until they end', async () => {
  using service = await start({})
  const { coordinator, client, port } = service
  const done = coordinator.shutdown()
  await expect(RawClient.connect(port)).rejects.toMatchObject({ code: 'ECONNREFUSED' })
  client.send('again')
  expect(await client.answer(/again/)).toBe('again')
  client.socket.end()
  expect(await done).toMatchObject({ clean: true, servers: [{ cut: [] }] })
})

test('a callback may end them in the words of their protocol', async () => {
  using service = await start({ drainSocket: (socket: Socket) => void socket.end('221 closing\r\n') })
  const { coordinator, client } = service
  const done = coordinator.shutdown()
  expect(await client.answer(/closing/)).toBe('221 closing\r\n')
  expect(await done).toMatchObject({ clean: true })
})

test('the callback is called after the listener of a connection that is accepted during the shutdown', async () => {
  const greeted = new Set<Socket>()
  const drainSocket = (socket: Socket) => void socket.end(greeted.has(socket) ? 'bye' : 'unknown')
  using service = await start({ keepAcceptingMs: 200, drainSocket })
  const { coordinator, port, server } = service
  server.on('connection', (socket) => greeted.add(socket))
  const done = coordinator.shutdown()
  using late = await RawClient.connect(port)
  expect(await late.answer(/bye|unknown/)).toBe('bye')
  expect(await done).toMatchObject({ clean: true })
})

test('what is left at the deadline is cut and named', async () => {
  using service = await start({}, 50)
  const { coordinator, client } = service
  const report = await coordinator.shutdown()
  expect(report).toMatchObject({
    clean: false,
    servers: [{ cut: [{ type: 'socket', remoteAddress: '127.0.0.1' }] }],
  })
  await client.end()
})

test('a UNIX socket that was listened on by its path is unlinked', async () => {
  using folder = temporaryFolder()
  const path = folder.join('s')
  const coordinator = new ShutdownCoordinator()
  const server = net.createServer()
  coordinator.watch(server)
  server.listen(path)
  await waitFor(() => server.listening)
  expect(existsSync(path)).toBe(true)
  await coordinator.shutdown()
  expect(existsSync(path)).toBe(false)
})
