// Servers of one protocol, some with us and some plain: steady-service.mjs http coordinator plain
import { once } from 'node:events'
import { createServer } from 'node:net'
import { ShutdownCoordinator, shellflip } from 'shellflip'
import { serverPsk } from '../steady/psk.mjs'

const [protocol, ...variants] = process.argv.slice(2)

const switching = 'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n'

const serverOf = {
  http: async () => withUpgrades((await import('node:http')).createServer(answer)),
  https: async () => (await import('node:https')).createServer(serverPsk, answer),
  http2: async () => (await import('node:http2')).createServer(answer),
  net: () => createServer(echo),
}

function answer(_request, response) {
  response.end('hello')
}

function echo(socket) {
  socket.on('error', () => {})
  socket.on('data', (bytes) => socket.write(bytes))
}

function withUpgrades(server) {
  return server.on('upgrade', (_request, socket) => {
    socket.on('error', () => {})
    socket.on('end', () => socket.end())
    socket.resume()
    socket.write(switching)
  })
}

const ports = []
for (const variant of variants) {
  const server = await serverOf[protocol]()
  server.keepAliveTimeout = 600_000
  if (variant === 'shellflip') await listenByShellflip(server)
  else {
    if (variant === 'coordinator') new ShutdownCoordinator().watch(server)
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
  }
  ports.push(server.address().port)
}
// Requests come on standard input, because shellflip() uses the IPC channel of Node and then leaves it.
process.stdin.on('data', () => {
  const { user, system } = process.cpuUsage()
  reply(user + system)
})
process.stdin.on('end', () => process.exit())
reply(ports)

function reply(value) {
  process.stdout.write(`${JSON.stringify(value)}\n`)
}

async function listenByShellflip(server) {
  const flip = await shellflip()
  await flip.listen(server, { name: 'bench', port: 0, host: '127.0.0.1' })
  await flip.ready()
}
