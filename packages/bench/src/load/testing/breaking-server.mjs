import { once } from 'node:events'
import { createServer } from 'node:net'

const body = 'GENERATION 1\n'
const response = (head, text) => `HTTP/1.1 ${head}\r\nContent-Length: ${text.length}\r\n\r\n${text}`

/** Each way in which a server of the self-test treats a request. */
const treatments = {
  answer: (socket) => socket.write(response('200 OK', body)),
  announce: (socket) => socket.end(response('200 OK\r\nConnection: close', body)),
  reset: (socket) => socket.resetAndDestroy(),
  close: (socket) => socket.end(),
  'answer-and-close': (socket) => socket.end(response('200 OK', body)),
  'answer-and-destroy'(socket) {
    socket.write(response('200 OK', body))
    socket.destroy()
  },
  'wrong-status': (socket) => socket.write(response('503 Service Unavailable', body)),
  'wrong-body': (socket) => socket.write(response('200 OK', 'GENERATION 1\nand more')),
  malformed: (socket) => socket.write('SSH-2.0-OpenSSH_9.2\r\n\r\n'),
  hang: () => {},
  refuse(socket, server) {
    server.close()
    socket.end(response('200 OK', body))
  },
}

/** A server that treats its requests as `plan(number)` says, from 1 on. Everything else is answered. */
export async function breakingServer(plan, address = { host: '127.0.0.1', port: 0 }) {
  let requests = 0
  const sockets = new Set()
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
    socket.on('error', () => {})
    let text = ''
    socket.on('data', async (chunk) => {
      text += chunk.toString('latin1')
      const heads = text.split('\r\n\r\n')
      text = heads.pop()
      for (const _ of heads) {
        requests += 1
        const treatment = (await plan(requests)) ?? 'answer'
        treatments[treatment](socket, server)
      }
    })
  })
  server.listen(address)
  await once(server, 'listening')
  return {
    target: address.path ? address : { host: '127.0.0.1', port: server.address().port },
    [Symbol.dispose]() {
      server.close()
      for (const socket of sockets) socket.destroy()
    },
  }
}
