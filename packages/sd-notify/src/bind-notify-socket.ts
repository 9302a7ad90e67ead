import { lstatSync, type Stats, unlinkSync } from 'node:fs'
import { FdPassingError, socketFileAt, UnixSocket } from '@shellflip/fd-passing'
import { SdNotifyError } from './errors.ts'

/** `file` names the socket's file. It is undefined for an abstract name, which does not have one. */
export type BoundNotifySocket = { socket: UnixSocket; file: string | undefined }

/** Binds the socket at a path or an abstract name. Takes over the path of a dead socket. */
export function bindNotifySocket(path: string, mode: number): BoundNotifySocket {
  try {
    try {
      return bindAnew(path, mode)
    } catch (error) {
      if (!hasErrno(error, 'EADDRINUSE')) throw error
      removeDeadSocket(path, error)
      return bindAnew(path, mode)
    }
  } catch (error) {
    throw explained(path, error)
  }
}

function bindAnew(path: string, mode: number): BoundNotifySocket {
  const socket = bind(path, mode)
  const file = socketFileAt(path)
  if (file !== undefined || path.startsWith('@')) return { socket, file }
  socket.close()
  throw new Error('somebody has removed or replaced it already')
}

function bind(path: string, mode: number): UnixSocket {
  return UnixSocket.bind({
    type: 'datagram',
    address: path,
    passCredentials: process.platform === 'linux',
    ...(path.startsWith('@') ? {} : { mode }),
  })
}

function removeDeadSocket(path: string, cause: unknown): void {
  const file: Stats | undefined = path.startsWith('@')
    ? undefined
    : lstatSync(path, { throwIfNoEntry: false })
  if (file === undefined || !file.isSocket() || someoneReceivesAt(path)) {
    throw new SdNotifyError(
      'ERR_NOTIFY_PATH_IN_USE',
      file === undefined || file.isSocket()
        ? `another process receives notifications at ${path}. Stop it, or choose another path`
        : `${path} exists and is not a socket. Remove it, or choose another path`,
      { cause },
    )
  }
  unlinkSync(path)
}

/** A datagram socket that refuses a connection belongs to nobody any more. Any other answer may be a live one's. */
function someoneReceivesAt(path: string): boolean {
  try {
    UnixSocket.connect({ type: 'datagram', address: path }).close()
    return true
  } catch (error) {
    return !hasErrno(error, 'ECONNREFUSED')
  }
}

function explained(path: string, error: unknown): SdNotifyError {
  if (error instanceof SdNotifyError) return error
  const reason = error instanceof Error ? error.message : String(error)
  const code =
    error instanceof FdPassingError && error.code === 'ERR_ADDRESS_TOO_LONG'
      ? 'ERR_NOTIFY_PATH_TOO_LONG'
      : 'ERR_CANNOT_OPEN'
  return new SdNotifyError(code, `cannot open a notify socket at ${path}: ${reason}`, { cause: error })
}

function hasErrno(error: unknown, errno: string): boolean {
  return error instanceof FdPassingError && error.errno === errno
}
