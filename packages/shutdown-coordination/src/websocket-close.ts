import type { Socket } from 'node:net'

/** RFC 6455, 7.4.1: an endpoint is "going away", such as a server that goes down. */
const goingAway = 1001

/**
 * Begins the closing handshake of a WebSocket, below any library that serves it. The client answers with a close frame, which ends the
 * connection. Control frames may be between any two frames (RFC 6455, 5.4). A library writes a whole frame at once, so a turn of the event
 * loop is a frame boundary.
 */
export function closeWebSocket(socket: Socket): void {
  const [fin, opcodeClose, payloadBytes] = [0x80, 0x08, 2]
  socket.write(Buffer.from([fin | opcodeClose, payloadBytes, goingAway >> 8, goingAway & 0xff]))
}
