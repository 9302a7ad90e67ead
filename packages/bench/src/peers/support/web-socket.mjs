// The part of RFC 6455 that echoes short text frames. The bench so needs no package for it.
import { createHash } from 'node:crypto'

const textFrame = 0x81
const closeFrame = 0x88

/** Answers an upgrade request, then echoes each text frame. */
export function echoWebSocket(request, socket) {
  const key = createHash('sha1')
    .update(`${request.headers['sec-websocket-key']}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`)
    .digest('base64')
  socket.write(
    `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${key}\r\n\r\n`,
  )
  socket.setNoDelay(true)
  socket.on('error', () => socket.destroy())
  readFrames(socket, (head, payload) => {
    socket.write(frame(head, payload))
    if (head === closeFrame) socket.end()
  })
}

/** Returns a frame of up to 64 KiB. Clients pass a mask. */
export function frame(head, payload, mask) {
  const isLong = payload.length > 125
  const masked = mask === undefined ? 0 : 0x80
  const start = isLong
    ? [head, masked | 126, payload.length >> 8, payload.length & 255]
    : [head, masked | payload.length]
  return Buffer.concat([Buffer.from(start), mask ?? Buffer.alloc(0), mask ? unmask(payload, mask) : payload])
}

/** Calls `onFrame` with the first byte and the unmasked payload of each frame of a socket. */
export function readFrames(socket, onFrame) {
  let pending = Buffer.alloc(0)
  socket.on('data', (bytes) => {
    pending = pending.length === 0 ? bytes : Buffer.concat([pending, bytes])
    for (
      let size = frameSize(pending);
      size !== undefined && size.end <= pending.length;
      size = frameSize(pending)
    ) {
      const { start, end, mask } = size
      const payload = pending.subarray(start, end)
      onFrame(pending[0], mask ? unmask(payload, mask) : payload)
      pending = pending.subarray(end)
    }
  })
}

function frameSize(bytes) {
  if (bytes.length < 2) return undefined
  const isLong = (bytes[1] & 127) === 126
  const afterLength = isLong ? 4 : 2
  const start = afterLength + (bytes[1] & 0x80 ? 4 : 0)
  if (bytes.length < start) return undefined
  const length = isLong ? bytes.readUInt16BE(2) : bytes[1] & 127
  return {
    start,
    end: start + length,
    mask: start > afterLength ? bytes.subarray(afterLength, start) : undefined,
  }
}

function unmask(payload, mask) {
  return Buffer.from(payload.map((byte, index) => byte ^ mask[index & 3]))
}

export { textFrame }
