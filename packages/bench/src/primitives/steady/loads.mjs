import { once } from 'node:events'
import http2 from 'node:http2'
import net from 'node:net'
import tls from 'node:tls'
import { clientPsk } from './psk.mjs'

const connections = 64
const connectionsAtOnce = 32
const sessions = 8

const get = 'GET / HTTP/1.1\r\nHost: bench\r\n\r\n'
const firsts = {
  request: 'GET / HTTP/1.1\r\nHost: bench\r\nConnection: close\r\n\r\n',
  upgrade: 'GET / HTTP/1.1\r\nHost: bench\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n',
  echo: 'hello',
}

/** Connections that each send their next request when the answer to the last one is whole. */
export async function keepAlive(port, protocol) {
  const sockets = []
  for (let n = 0; n < connections; n++) sockets.push(await connect(port, protocol))
  const answerBytes = await lengthOfAnswer(sockets[0])
  let left = 0
  let onAllAnswered
  const busy = new Set()
  for (const socket of sockets) {
    let bytes = 0
    const next = () => {
      if (left-- > 0) socket.write(get)
      else if (busy.delete(socket) && busy.size === 0) onAllAnswered()
    }
    socket.on('data', (part) => {
      bytes += part.length
      if (bytes < answerBytes) return
      bytes = 0
      next()
    })
    socket.next = next
  }
  return {
    run: (requests) =>
      new Promise((resolve) => {
        left = requests
        onAllAnswered = resolve
        for (const socket of sockets) busy.add(socket)
        for (const socket of sockets) socket.next()
      }),
    close: () => sockets.forEach((socket) => void socket.destroy()),
  }
}

async function connect(port, protocol) {
  const isSecure = protocol === 'https'
  const where = { port, host: '127.0.0.1' }
  const socket = isSecure ? tls.connect({ ...where, ...clientPsk }) : net.connect(where)
  await once(socket, isSecure ? 'secureConnect' : 'connect')
  return socket.setNoDelay(true)
}

async function lengthOfAnswer(socket) {
  socket.write(get)
  const [answer] = await once(socket, 'data')
  return answer.length
}

/** A new connection for each piece of work, which ends after the first answer. */
export function connectionEach(first) {
  return async (port) => ({
    run: (count) =>
      inParallel(count, connectionsAtOnce, async () => {
        const socket = net.connect(port, '127.0.0.1')
        socket.write(firsts[first])
        socket.once('data', () => socket.end())
        await once(socket, 'close')
      }),
    close: () => {},
  })
}

/** Requests on a few HTTP/2 sessions. */
export async function streams(port) {
  const clients = Array.from({ length: sessions }, () => http2.connect(`http://127.0.0.1:${port}`))
  await Promise.all(clients.map((client) => once(client, 'remoteSettings')))
  let turn = 0
  return {
    run: (count) =>
      inParallel(count, connections, async () => {
        turn = (turn + 1) % sessions
        await once(clients[turn].request({ ':path': '/' }).resume(), 'close')
      }),
    close: () => clients.forEach((client) => void client.destroy()),
  }
}

async function inParallel(count, atOnce, act) {
  let left = count
  const worker = async () => {
    while (left-- > 0) await act()
  }
  await Promise.all(Array.from({ length: Math.min(atOnce, count) }, worker))
}
