import { type OwnedFd, UnixSocket } from '@shellflip/fd-passing'

/** How long a datagram waits for room in the queue of its receiver, in milliseconds. */
const longestWaitMs = 5000

/** The sockets with datagrams that wait or were sent in this turn of the event loop. */
const busy = new Map<string, { socket: UnixSocket; pending: number }>()

/**
 * Sends a datagram before it returns, as libsystemd does, so that a program may exit next. Datagrams that find a full queue
 * wait in the order of the calls. libsystemd blocks the process there.
 *
 * @returns a promise that rejects if the datagram cannot be sent
 */
export async function sendDatagram(
  address: string,
  data: Uint8Array | string,
  fds: readonly OwnedFd[] = [],
): Promise<void> {
  const connection = busy.get(address) ?? {
    socket: UnixSocket.connect({ type: 'datagram', address }),
    pending: 0,
  }
  busy.set(address, connection)
  connection.pending += 1
  try {
    await connection.socket.send(data, { fds, signal: AbortSignal.timeout(longestWaitMs) })
  } finally {
    connection.pending -= 1
    if (connection.pending === 0) {
      busy.delete(address)
      connection.socket.close()
    }
  }
}
