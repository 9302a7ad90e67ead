import { fork } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { fileURLToPath } from 'node:url'
import { dup, fdOf, UnixSocket } from '@shellflip/fd-passing'

const messages = 2000
const receiver = fileURLToPath(new URL('processes/fd-receiver.mjs', import.meta.url))

/** Listening sockets handed to another process one by one, each acknowledged: by our sockets and by Node's own IPC. */
export async function fdRate() {
  const server = createServer().listen(0)
  await once(server, 'listening')
  const [ours, theirs] = UnixSocket.pair('seqpacket')
  const child = fork(receiver, { stdio: ['ignore', 'inherit', 'inherit', 'ipc', theirs.fd] })
  theirs.close()
  try {
    await once(child, 'message')
    const bySocket = await perSecond(() => sendAndWait(ours, fdOf(server)))
    const byIpc = await perSecond(async () => {
      child.send('server', server, { keepOpen: true })
      await once(child, 'message')
    })
    return [
      {
        what: 'fds handed over and acknowledged',
        ours: bySocket,
        peer: byIpc,
        unit: '/s',
        peerIs: 'process.send',
      },
    ]
  } finally {
    ours.close()
    server.close()
    child.kill()
  }
}

async function sendAndWait(socket, fd) {
  const copy = dup(fd)
  await socket.send('server', { fds: [copy] })
  copy.close()
  await socket.receive()
}

async function perSecond(once) {
  for (let n = 0; n < messages / 10; n++) await once()
  const startedAt = performance.now()
  for (let n = 0; n < messages; n++) await once()
  return messages / ((performance.now() - startedAt) / 1000)
}
