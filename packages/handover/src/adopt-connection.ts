import type { Server as HttpServer } from 'node:http'
import type { Server, Socket } from 'node:net'
import { type OwnedFd, socketFrom } from '@shellflip/fd-passing'

/**
 * What the server emits with the socket of an HTTP connection that it has adopted: for Node it becomes a connection by its
 * next request only. `@shellflip/shutdown-coordination` listens to it.
 */
const adoptedEvent = Symbol.for('shellflip.adopted-connection')

/** Fields by which Node's servers count their connections: not documented, and so looked for. */
type CountingServer = Server & { _connections?: number }
type CountedSocket = Socket & { _server?: Server | null }

/**
 * Makes an idle HTTP/1.1 connection, of which nothing is unread but what is in the kernel, one of this server's. It is
 * closed if no request comes within the server's `keepAliveTimeout`.
 *
 * The server's `close()` waits for it, but neither `closeIdleConnections()` nor `closeAllConnections()` sees it before its
 * next request; a drain by `@shellflip/shutdown-coordination` does.
 *
 * @param fd becomes the socket's, unless this throws
 * @throws `FdPassingError` if it is no stream socket
 */
export function adoptHttpConnection(server: HttpServer, fd: OwnedFd): Socket {
  const socket = socketFrom(fd, { allowHalfOpen: true })
  count(server, socket)
  // As a connection at once it would be one that is open and says nothing: answered with 408 after headersTimeout.
  const close = () => socket.destroy()
  const begin = () => {
    socket.off('timeout', close).off('error', close).setTimeout(0)
    server.emit('connection', socket)
  }
  const { keepAliveTimeout, keepAliveTimeoutBuffer = 0 } = server as typeof server & {
    keepAliveTimeoutBuffer?: number
  }
  if (keepAliveTimeout > 0) socket.setTimeout(keepAliveTimeout + keepAliveTimeoutBuffer)
  socket.on('timeout', close).on('error', close).once('readable', begin)
  server.emit(adoptedEvent as unknown as string, socket)
  return socket
}

/**
 * Makes an open connection one of this server's, as if it had accepted it.
 *
 * @param fd becomes the socket's, unless it is none
 * @param prepare gives the socket what is known of it, before the server's own listeners see it
 * @throws `FdPassingError` if it is no stream socket; what `prepare` or a listener throws, and the connection is closed then
 */
export function adoptNetConnection(
  server: Server,
  fd: OwnedFd,
  prepare: (socket: Socket) => void = () => {},
): Socket {
  const { allowHalfOpen = false } = server as Server & { allowHalfOpen?: boolean }
  const socket = socketFrom(fd, { allowHalfOpen })
  count(server, socket)
  try {
    prepare(socket)
    server.emit('connection', socket)
  } catch (error) {
    socket.destroy()
    throw error
  }
  return socket
}

/** So that `close()` and `getConnections()` know of it; where Node has it otherwise they do not. */
function count(server: CountingServer, socket: CountedSocket): void {
  if (typeof server._connections !== 'number' || socket._server !== null) return
  server._connections += 1
  socket._server = server
}
