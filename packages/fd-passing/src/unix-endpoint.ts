import { checkOneOf, checkOwner } from './check-argument.ts'
import { checked, invalidArgument, unsupported } from './error.ts'
import type { FileIdentity, FileOwner } from './file-place.ts'
import { native } from './native.ts'
import { checkDescriptor, OwnedFd } from './owned-fd.ts'
import { checkMode, SocketFile } from './socket-file.ts'
import { checkUnixAddress } from './unix-address.ts'

/**
 * The socket type. A stream does not keep message boundaries. A seqpacket socket (Linux) is connected and keeps them. A datagram socket
 * is not connected, and does not keep the order among senders.
 */
export type UnixSocketType = 'stream' | 'seqpacket' | 'datagram'

function socketTypeNumber(type: UnixSocketType): number {
  checkOneOf('type', type, ['stream', 'seqpacket', 'datagram'])
  if (type === 'seqpacket' && process.platform !== 'linux') throw unsupported('a UNIX seqpacket socket')
  return { stream: native.SOCK_STREAM, seqpacket: native.SOCK_SEQPACKET, datagram: native.SOCK_DGRAM }[type]
}

/** Returns how a socket carries data (SO_TYPE): a UNIX socket, or one of TCP (`stream`) or UDP (`datagram`). */
export function socketTypeOf(fd: number): UnixSocketType {
  const type = checked(
    native.getOption(checkDescriptor(fd), native.SOL_SOCKET, native.SO_TYPE),
    'getsockopt',
    'SO_TYPE',
  )
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

type BindOptions = {
  mode?: number | undefined
  /** Needs a mode. */
  owner?: FileOwner | undefined
  passCredentials?: boolean | undefined
}

/** A UNIX socket that is bound, and its file, if it has one that is provably its own. */
export type BoundUnixSocket = { socket: OwnedFd; file: FileIdentity | undefined }

/**
 * Binds a UNIX socket. Its file never has more permissions than `mode` says, and credentials are passed from the first
 * message on.
 *
 * @param complete makes of the socket what the caller wants. If it throws, neither the socket nor its file is left
 */
export function bindUnixSocket<Result>(
  type: UnixSocketType,
  address: string,
  options: BindOptions,
  complete: (bound: BoundUnixSocket) => Result,
): Result {
  checkUnixAddress(address)
  const { mode, owner } = options
  if (mode !== undefined) checkMode(mode)
  if (owner !== undefined) checkOwner(owner)
  if (owner !== undefined && mode === undefined)
    throw invalidArgument('owner needs a mode such as 0o660, which gives rights to the owner and the group')
  using file = address.startsWith('@') ? undefined : new SocketFile(address)
  const socket = openUnixSocket(type)
  try {
    if (options.passCredentials) passCredentials(socket.fd)
    // Linux gives the file the mode of the socket itself, less the umask. The file never has more permissions than that. A file whose
    // owner changes has no permissions until then.
    if (mode !== undefined && process.platform === 'linux') {
      checked(native.setMode(socket.fd, owner === undefined ? mode : 0), 'fchmod', address)
    }
    checked(native.bindUnix(socket.fd, address), 'bind', address)
    file?.noteBound()
    if (owner !== undefined) file?.setOwner(owner)
    if (mode !== undefined) file?.setMode(mode)
    return complete({ socket, file: file?.identity })
  } catch (error) {
    file?.remove()
    socket.close()
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
