import { connect, type Socket } from 'node:net'
import { ControlSocketError, errnoOf } from './control-socket-error.ts'
import { checkedPath } from './socket-path.ts'

/**
 * Connects to a control socket. What goes wrong on it later, its reader meets; the signal ends it.
 *
 * @throws {ControlSocketError} ERR_NOBODY_THERE, ERR_FORBIDDEN, ERR_BUSY, ERR_PATH_TOO_LONG, ERR_SYSTEM
 */
export function connectTo(path: string, signal?: AbortSignal): Promise<Socket> {
  const absolute = checkedPath(path)
  return new Promise((resolve, reject) => {
    const socket = connect({ path: absolute, ...(signal === undefined ? {} : { signal }) })
    socket.once('connect', () => resolve(socket))
    socket.on('error', (error) => reject(whyNot(absolute, error)))
  })
}

function whyNot(path: string, cause: Error): ControlSocketError {
  const errno = errnoOf(cause)
  if (errno === 'ENOENT' || errno === 'ECONNREFUSED') {
    return new ControlSocketError('ERR_NOBODY_THERE', `nobody listens at ${path}: is it running?`, { cause })
  }
  if (errno === 'EACCES' || errno === 'EPERM') {
    return new ControlSocketError(
      'ERR_FORBIDDEN',
      `not allowed to connect to ${path}: ask as its owner, or as root`,
      {
        cause,
      },
    )
  }
  if (errno === 'EAGAIN') {
    return new ControlSocketError('ERR_BUSY', `too many clients wait at ${path}: try again later`, { cause })
  }
  return new ControlSocketError('ERR_SYSTEM', `cannot connect to ${path}: ${cause.message}`, { cause })
}
