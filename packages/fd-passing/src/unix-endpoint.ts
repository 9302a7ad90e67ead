import { chmodSync, fchmodSync, unlinkSync } from 'node:fs'
import { checked, unsupported } from './error.ts'
import { native } from './native.ts'
import { OwnedFd } from './owned-fd.ts'
import { checkUnixAddress } from './unix-address.ts'

/** Stream has no message boundaries; seqpacket (Linux) is connected and has them; datagram is neither connected nor ordered among senders. */
export type UnixSocketType = 'stream' | 'seqpacket' | 'datagram'

function socketTypeNumber(type: UnixSocketType): number {
  if (type === 'seqpacket' && process.platform !== 'linux') throw unsupported('a UNIX seqpacket socket')
  return { stream: native.SOCK_STREAM, seqpacket: native.SOCK_SEQPACKET, datagram: native.SOCK_DGRAM }[type]
}

export function socketTypeOf(fd: number): UnixSocketType {
  const type = checked(native.getOption(fd, native.SOL_SOCKET, native.SO_TYPE), 'getsockopt', 'SO_TYPE')
  if (type === native.SOCK_STREAM) return 'stream'
  return type === native.SOCK_SEQPACKET ? 'seqpacket' : 'datagram'
}

/** Two connected UNIX sockets, both CLOEXEC. */
export function socketpair(type: UnixSocketType): [OwnedFd, OwnedFd] {
  const [left, right] = checked<[number, number]>(native.socketpair(socketTypeNumber(type)), 'socketpair')
  return [new OwnedFd(left), new OwnedFd(right)]
}

export function openUnixSocket(type: UnixSocketType): OwnedFd {
  return new OwnedFd(checked(native.socket(native.AF_UNIX, socketTypeNumber(type)), 'socket'))
}

type BindOptions = { mode?: number | undefined; passCredentials?: boolean | undefined }

/**
 * A bound UNIX socket; a file of its own is never there with more permissions than `mode` says, and credentials are
 * passed from the first message on.
 */
export function bindUnixSocket(type: UnixSocketType, address: string, options: BindOptions): OwnedFd {
  checkUnixAddress(address)
  const { mode } = options
  const socket = openUnixSocket(type)
  const hasFile = !address.startsWith('@')
  try {
    if (options.passCredentials) passCredentials(socket.fd)
    // Linux gives the file the socket's own mode, less the umask: so it is right from the first moment.
    if (mode !== undefined && hasFile && process.platform === 'linux') fchmodSync(socket.fd, mode)
    checked(native.bindUnix(socket.fd, address), 'bind', address)
    if (mode !== undefined && hasFile) restrict(address, mode)
    return socket
  } catch (error) {
    socket.close()
    throw error
  }
}

function restrict(path: string, mode: number): void {
  try {
    chmodSync(path, mode)
  } catch (error) {
    unlinkSync(path)
    throw error
  }
}

export function connectUnixSocket(type: UnixSocketType, address: string): OwnedFd {
  checkUnixAddress(address)
  const socket = openUnixSocket(type)
  try {
    checked(native.setNonBlocking(socket.fd), 'fcntl')
    checked(native.connectUnix(socket.fd, address), 'connect', address)
    return socket
  } catch (error) {
    socket.close()
    throw error
  }
}

export function passCredentials(fd: number): void {
  if (native.SO_PASSCRED === undefined) throw unsupported('passing credentials with messages')
  checked(native.setOption(fd, native.SOL_SOCKET, native.SO_PASSCRED, 1), 'setsockopt', 'SO_PASSCRED')
}
