// Answers as every server of the bench does: /, /big, /stream and WebSockets.
import { createHash } from 'node:crypto'

/** Names this process in every answer, so that a client sees which generation served it. */
export const generation = `GENERATION ${process.pid}\n`

const small = Buffer.from(generation)
const big = Buffer.from(generation.padEnd(204_800, '.'))

export function answer(request, response) {
  const { pathname, searchParams } = new URL(request.url, 'http://bench')
  if (pathname === '/stream') return stream(response, Number(searchParams.get('every') ?? 100))
  const body = pathname === '/big' ? big : small
  response.setHeader('Content-Length', body.length)
  response.end(body)
}

function stream(response, everyMs) {
  let ticks = 0
  response.write(generation)
  const timer = setInterval(() => response.write(`tick ${++ticks}\n`), everyMs)
  response.on('close', () => clearInterval(timer))
}

/** Accepts a WebSocket, and echoes its text frames of less than 126 bytes (RFC 6455). */
export function echoWebSocket(request, socket, head) {
  const key = `${request.headers['sec-websocket-key']}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`
  const accept = createHash('sha1').update(key).digest('base64')
  socket.setNoDelay(true)
  socket.write(
    `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`,
  )
  let bytes = head
  socket.on('data', (chunk) => {
    bytes = bytes.length === 0 ? chunk : Buffer.concat([bytes, chunk])
    for (let frame = takeFrame(); frame; frame = takeFrame()) reply(frame)
  })
  socket.on('error', () => socket.destroy())
  socket.on('end', () => socket.end())

  function takeFrame() {
    if (bytes.length < 6) return undefined
    const length = bytes[1] & 0x7f
    if (bytes.length < 6 + length) return undefined
    const mask = bytes.subarray(2, 6)
    const payload = Buffer.from(bytes.subarray(6, 6 + length).map((byte, index) => byte ^ mask[index % 4]))
    const opcode = bytes[0] & 0x0f
    bytes = bytes.subarray(6 + length)
    return { opcode, payload }
  }

  function reply({ opcode, payload }) {
    if (opcode === 8) return socket.end(Buffer.concat([Buffer.from([0x88, payload.length]), payload]))
    if (opcode === 1) socket.write(Buffer.concat([Buffer.from([0x81, payload.length]), payload]))
  }
}
