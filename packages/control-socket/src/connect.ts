import { connect, type Socket } from 'node:net'
import { checkServer } from './check-server.ts'
import { ControlSocketError, errnoOf } from './control-socket-error.ts'
import { checkedPath } from './socket-path.ts'

/**
 * Connects to a control socket, and checks who listens there before it sends a byte. The reader of the socket gets its later errors. The
 * signal ends the connection.
 *
 * @throws {ControlSocketError} ERR_NOBODY_THERE
 * @throws {ControlSocketError} ERR_CONTROL_FORBIDDEN
 * @throws {ControlSocketError} ERR_BUSY
 * @throws {ControlSocketError} ERR_CLOSED_EARLY
 * @throws {ControlSocketError} ERR_CONTROL_PATH_TOO_LONG
 * @throws {ControlSocketError} ERR_SYSTEM
 */
export function connectTo(path: string, signal?: AbortSignal): Promise<Socket> {
  const absolute = checkedPath(path)
  return new Promise((resolve, reject) => {
    const socket = connect({ path: absolute, ...(signal === undefined ? {} : { signal }) })
    socket.on('error', (error) => reject(whyNot(absolute, error)))
    socket.once('connect', () => {
      try {
        checkServer(socket, absolute)
        resolve(socket)
      } catch (error) {
        socket.destroy()
        reject(error)
      }
    })
  })
}

function whyNot(path: string, cause: Error): ControlSocketError {
  const errno = errnoOf(cause)
  if (errno === 'ENOENT' || errno === 'ECONNREFUSED') {
    return new ControlSocketError(
      'ERR_NOBODY_THERE',
      `no process listens at ${path}. Check that the service is running`,
      { cause },
    )
  }
  if (errno === 'EACCES' || errno === 'EPERM') {
    return new ControlSocketError(
      'ERR_CONTROL_FORBIDDEN',
      `not allowed to connect to ${path}. Send the request as its owner, or as root`,
      {
        cause,
      },
    )
  }
  if (errno === 'EAGAIN') {
    return new ControlSocketError('ERR_BUSY', `too many clients wait at ${path}. Try again later`, { cause })
  }
  return new ControlSocketError('ERR_SYSTEM', `cannot connect to ${path}: ${cause.message}`, { cause })
}
