// A TCP service whose live streams move to the successor, and go on there.
import { createServer } from 'node:net'
import { shellflip } from 'shellflip'
import { generation } from './answers.mjs'

const streams = new Map()
const server = createServer((socket) => {
  socket.on('error', () => socket.destroy())
  socket.on('close', () => stop(socket))
  socket.on('data', (chunk) => respond(socket, chunk.toString('latin1')))
})

const flip = await shellflip({
  controlSocket: process.env.CONTROL_SOCKET,
  drainTimeoutMs: Number(process.env.DRAIN_MS),
})
await flip.listen(
  server,
  { host: '127.0.0.1', port: Number(process.env.PORT), backlog: 4096 },
  { moveConnections: { give, take } },
)
await flip.ready()
console.log('ready')
await flip.done

function respond(socket, request) {
  const [, path, everyMs = 100] = /^GET (\/\w*)(?:\?every=(\d+))? /.exec(request) ?? []
  if (path === '/stream') {
    socket.write(`HTTP/1.1 200 OK\r\n\r\n${generation}`)
    tick(socket, Number(everyMs), 0)
  } else {
    socket.end(
      `HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: ${generation.length}\r\n\r\n${generation}`,
    )
  }
}

function tick(socket, everyMs, ticks) {
  const stream = { everyMs, ticks, timer: undefined }
  stream.timer = setInterval(() => socket.write(`tick ${++stream.ticks}\n`), everyMs)
  streams.set(socket, stream)
}

function stop(socket) {
  clearInterval(streams.get(socket)?.timer)
  streams.delete(socket)
}

function give(socket) {
  const stream = streams.get(socket)
  if (!stream) return undefined
  stop(socket)
  return Buffer.from(`${stream.everyMs} ${stream.ticks}`)
}

function take(socket, data) {
  const [everyMs, ticks] = data.toString().split(' ').map(Number)
  tick(socket, everyMs, ticks)
}
