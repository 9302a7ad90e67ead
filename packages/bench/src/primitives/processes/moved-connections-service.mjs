// An HTTP service that moves all of its connections to a successor when it reads a line: by an upgrade, by a bare UnixSocket, or by IPC.
import { fork } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { dupOf, OwnedFd, socketFrom, UnixSocket } from '@shellflip/fd-passing'

const fdsPerMessage = 64
const [, file, way, role] = process.argv
const server = createServer({ keepAliveTimeout: 120_000 }, (_request, response) =>
  response.end(`from ${process.pid}`),
)

const ways = { shellflip: byUpgrade, socket: bySocket, ipc: byIpc }
await ways[way]()

async function byUpgrade() {
  const { shellflip } = await import('shellflip')
  let startedAt
  const flip = await shellflip({
    drainTimeoutMs: 60_000,
    onEvent: ({ type, report }) => {
      if (type === 'draining') startedAt = performance.now()
      if (type === 'drained') moved(report.servers[0].moved, startedAt)
    },
  })
  const { port } = await flip.listen(server, { name: 'http', host: '127.0.0.1', port: 0 })
  await flip.ready()
  console.log(`port ${port}`)
  process.stdin.once('data', async () => {
    const { pid } = await flip.upgrade()
    console.log(`successor ${pid}`)
    process.stdin.destroy()
  })
}

async function bySocket() {
  if (role === 'successor') {
    const socket = UnixSocket.adopt(new OwnedFd(4))
    process.send('ready')
    for await (const { fds } of socket) {
      await socket.send('taken')
      for (const fd of fds) server.emit('connection', socketFrom(fd, { allowHalfOpen: true }))
    }
    return
  }
  const [ours, theirs] = UnixSocket.pair('seqpacket')
  await whenAsked({ stdio: ['ignore', 'inherit', 'inherit', 'ipc', theirs.fd] }, async (_, sockets) => {
    theirs.close()
    for (let n = 0; n < sockets.length; n += fdsPerMessage) {
      const some = sockets.slice(n, n + fdsPerMessage)
      const fds = some.map((socket) => dupOf(socket))
      await ours.send('take', { fds })
      await ours.receive()
      for (const fd of fds) fd.close()
      for (const socket of some) socket.destroy()
    }
  })
}

async function byIpc() {
  if (role === 'successor') {
    process.on('message', (_, socket) => server.emit('connection', socket))
    process.send('ready')
    return
  }
  await whenAsked({ stdio: ['ignore', 'inherit', 'inherit', 'ipc'] }, async (child, sockets) => {
    let sent = 0
    // Node sends one handle after the other, and closes each when the other process has it.
    await new Promise((resolve) => {
      for (const socket of sockets) {
        child.send('take', socket, () => {
          sent += 1
          if (sent === sockets.length) resolve()
        })
      }
    })
  })
}

/** Moves all connections to a forked successor at the first line of input. */
async function whenAsked(options, move) {
  const sockets = []
  server.on('connection', (socket) => sockets.push(socket))
  await once(server.listen(0, '127.0.0.1'), 'listening')
  const child = fork(file, [way, 'successor'], options)
  await once(child, 'message')
  console.log(`port ${server.address().port}`)
  console.log(`successor ${child.pid}`)
  process.stdin.once('data', async () => {
    const startedAt = performance.now()
    await move(child, sockets)
    moved(sockets.length, startedAt)
  })
}

function moved(count, startedAt) {
  console.log(`moved ${count} in ${(performance.now() - startedAt).toFixed(2)} ms`)
}
