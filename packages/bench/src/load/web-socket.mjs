const text = 0x1
const close = 0x8

/** Sends a numbered text frame every `everyMs`, and expects each back (RFC 6455). Each echo is one request. */
export function webSocket(socket, load, everyMs) {
  let bytes = Buffer.alloc(0)
  let sentAt
  let number = 0
  let timer
  const session = {
    isLive: false,
    get inFlight() {
      return sentAt === undefined ? 0 : 1
    },
    received(chunk) {
      bytes = Buffer.concat([bytes, chunk])
      if (!session.isLive) {
        const end = bytes.indexOf('\r\n\r\n')
        if (end < 0) return undefined
        if (!/^HTTP\/1\.1 101 /.test(bytes.toString('latin1', 0, end))) return 'status'
        bytes = bytes.subarray(end + 4)
        session.isLive = true
        timer = setInterval(send, everyMs)
      }
      for (let frame = takeFrame(); frame; frame = takeFrame()) {
        if (frame.opcode === close) return 'closed'
        if (frame.opcode !== text) continue
        if (sentAt === undefined || frame.payload !== `echo ${number}`) return 'body'
        load.echoed(performance.now() - sentAt)
        sentAt = undefined
      }
      return undefined
    },
    close() {
      clearInterval(timer)
    },
  }
  socket.write(
    'GET /ws HTTP/1.1\r\nHost: bench\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n' +
      'Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n',
  )
  return session

  /** A frame with a mask of zeros, which leaves the payload as it is. Waits for the echo before it sends the next one. */
  function send() {
    if (sentAt !== undefined) return
    number += 1
    const payload = Buffer.from(`echo ${number}`)
    sentAt = performance.now()
    socket.write(Buffer.concat([Buffer.from([0x80 | text, 0x80 | payload.length, 0, 0, 0, 0]), payload]))
  }

  function takeFrame() {
    if (bytes.length < 2 || bytes.length < 2 + bytes[1]) return undefined
    const frame = { opcode: bytes[0] & 0x0f, payload: bytes.toString('latin1', 2, 2 + bytes[1]) }
    bytes = bytes.subarray(2 + bytes[1])
    return frame
  }
}
