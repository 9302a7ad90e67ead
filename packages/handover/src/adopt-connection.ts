import type { Server as HttpServer } from 'node:http'
import type { Server, Socket } from 'node:net'
import { type OwnedFd, socketFrom } from '@shellflip/fd-passing'

/**
 * The event that the server emits with the socket of an HTTP connection that it has adopted. Node treats it as a connection only from its
 * next request on. `@shellflip/shutdown-coordination` listens to this event.
 */
const adoptedEvent = Symbol.for('shellflip.adopted-connection')

/** Gives a socket what the program keeps for it. */
type PrepareSocket = (socket: Socket) => void

/** The settings by which a server treats accepted connections. Its options set them, and Node's types lack them. */
type AcceptingServer = Server & { allowHalfOpen?: boolean; pauseOnConnect?: boolean }

/** Fields by which Node's servers count their connections. They are not documented, so the code checks that they exist. */
type CountingServer = Server & { _connections?: number }
type CountedSocket = Socket & { _server?: Server | null }

/**
 * Adopts an idle HTTP/1.1 connection into this server. Its unread bytes must be in the kernel. The connection is closed if no request comes
 * within the server's `keepAliveTimeout`.
 *
 * The server emits `'connection'` with the first bytes of the next request. Its listeners find these bytes, whichever way they read. The
 * server's `close()` waits for the connection. `closeIdleConnections()` and `closeAllConnections()` do not see it before that request. A
 * drain by `@shellflip/shutdown-coordination` does.
 *
 * @param fd becomes the socket's, unless it is not a stream socket
 * @param prepare gives the socket what the program keeps for it, before any listener of the server sees it
 * @throws {FdPassingError} ERR_INVALID_ARGUMENT if it is not a stream socket
 * @throws {unknown} if `prepare` throws. The connection is closed then
 */
export function adoptHttpConnection(
  server: HttpServer,
  fd: OwnedFd,
  prepare: PrepareSocket = () => {},
): Socket {
  const socket = socketFrom(fd, { allowHalfOpen: true })
  count(server, socket)
  orDestroy(socket, () => prepare(socket))
  // Emitted at once, it would be an open connection without a request, and Node would answer it with 408 after headersTimeout.
  const close = () => socket.destroy()
  const begin = () => {
    socket.setTimeout(0)
    // Only then has Node's stream removed the 'readable' listener. Before that, another such listener would wait for more bytes.
    process.nextTick(() => {
      socket.off('timeout', close).off('error', close)
      if (!socket.destroyed) server.emit('connection', socket)
    })
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
 * Adopts an open connection into this server, as if the server had accepted it.
 *
 * @param fd becomes the socket's, unless it is not a stream socket
 * @param prepare gives the socket what the program keeps for it, before any listener of the server sees it
 * @throws {FdPassingError} ERR_INVALID_ARGUMENT if it is not a stream socket
 * @throws {unknown} if `prepare` or a listener throws. The connection is closed then
 */
export function adoptNetConnection(server: Server, fd: OwnedFd, prepare: PrepareSocket = () => {}): Socket {
  const { allowHalfOpen = false, pauseOnConnect = false } = server as AcceptingServer
  const socket = socketFrom(fd, { allowHalfOpen, pauseOnCreate: pauseOnConnect })
  count(server, socket)
  orDestroy(socket, () => {
    prepare(socket)
    server.emit('connection', socket)
  })
  return socket
}

function orDestroy(socket: Socket, callback: () => void): void {
  try {
    callback()
  } catch (error) {
    socket.destroy()
    throw error
  }
}

/** Counts the connection, so that `close()` and `getConnections()` see it. They do not see it if Node changes these fields. */
function count(server: CountingServer, socket: CountedSocket): void {
  if (typeof server._connections !== 'number' || socket._server !== null) return
  server._connections += 1
  socket._server = server
}
