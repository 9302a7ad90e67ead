import { constants } from 'node:os'
import { getSystemErrorName } from 'node:util'
import { CodedError } from '@shellflip/internal'

/**
 * The reason of a failure, stable across versions:
 *
 * - `ERR_FD_CLOSED`: the object was used after `close()` or `release()`, or closed during the call. Use it before.
 * - `ERR_INVALID_ARGUMENT`: the caller passed a wrong value. Correct the one that the message names.
 * - `ERR_UNSUPPORTED`: this system lacks the call. Use another one, or a newer kernel.
 * - `ERR_ADDRESS_TOO_LONG`: a UNIX socket address exceeds the system's limit. Choose a shorter folder or name.
 * - `ERR_PATH_IN_USE`: a live process listens at the path, or the path is not a socket. Stop that process, or choose another path.
 * - `ERR_FORBIDDEN`: others can use the file too, or another user replaced it. The file stays as it is. Correct its owner or mode, or
 *   choose another path.
 * - `ERR_MESSAGE_TOO_LARGE`: the message exceeds the limit of the socket (send), or `UnixSocket.maxMessageSize` (receive). Send smaller
 *   pieces.
 * - `ERR_TRUNCATED`: the peer closed in the middle of a message, or an earlier send was aborted halfway. Open a new connection.
 * - `ERR_FD_LOST`: descriptors of a message did not arrive, mostly because this process had none free. Raise its limit (`ulimit -n`,
 *   `LimitNOFILE=`).
 * - `ERR_SYSTEM`: a system call failed. `errno` and `syscall` name the error and the call.
 * - `ERR_NATIVE_MISSING`: the addon could not be loaded. The message says what to do.
 */
export type FdPassingErrorCode =
  | 'ERR_FD_CLOSED'
  | 'ERR_INVALID_ARGUMENT'
  | 'ERR_UNSUPPORTED'
  | 'ERR_ADDRESS_TOO_LONG'
  | 'ERR_PATH_IN_USE'
  | 'ERR_FORBIDDEN'
  | 'ERR_MESSAGE_TOO_LARGE'
  | 'ERR_TRUNCATED'
  | 'ERR_FD_LOST'
  | 'ERR_SYSTEM'
  | 'ERR_NATIVE_MISSING'

/** The one error of this package. */
export class FdPassingError extends CodedError<FdPassingErrorCode> {
  override readonly name = 'FdPassingError'
  /** The name of the system's error, as `ECONNREFUSED`, where a system call failed. */
  readonly errno?: string
  /** The system call that failed. */
  readonly syscall?: string
  /** The path that it was called with, where that is not a socket's. */
  readonly path?: string | Uint8Array

  constructor(
    code: FdPassingErrorCode,
    message: string,
    options: { cause?: unknown; errno?: string; syscall?: string; path?: string | Uint8Array } = {},
  ) {
    super(code, message, options)
    if (options.errno !== undefined) this.errno = options.errno
    if (options.syscall !== undefined) this.syscall = options.syscall
    if (options.path !== undefined) this.path = options.path
  }
}

export function invalidArgument(message: string): FdPassingError {
  return new FdPassingError('ERR_INVALID_ARGUMENT', message)
}

export function closedError(what: string): FdPassingError {
  return new FdPassingError('ERR_FD_CLOSED', `${what} is closed. Use it before close() or release()`)
}

export function unsupported(what: string): FdPassingError {
  return new FdPassingError('ERR_UNSUPPORTED', `${what} is not available on ${process.platform}`)
}

/** Node does not name it. Linux and macOS number it differently. */
const ETOOMANYREFS = process.platform === 'darwin' ? 59 : 109

const advice: Record<string, string> = {
  EADDRINUSE:
    'another process holds that address, or a dead one left its socket file. Stop that process, or remove the file',
  EADDRNOTAVAIL: 'no interface of this machine has that address',
  EACCES: 'this user may not. Check the permissions. A port below 1024 needs CAP_NET_BIND_SERVICE',
  EAFNOSUPPORT: 'this system, or this kind of socket, does not have that address family',
  EBADF: 'the descriptor is not open. Find the code that closed it',
  ECONNREFUSED: 'no process listens there any more',
  ECONNRESET: 'the peer closed before it read everything',
  EMFILE: 'this process has no free descriptors. Raise its limit (ulimit -n, LimitNOFILE=)',
  ENFILE: 'the system has no free descriptors',
  ENOBUFS: 'the system has no free buffer',
  ENOENT: 'that path does not exist',
  ENOSPC: 'the file system is full',
  ENOTCONN: 'the socket has no peer',
  EPIPE: 'the peer has closed',
  EPERM: 'this user may not',
  EROFS: 'the file system is read-only',
  ESRCH: 'that process does not exist',
  ETOOMANYREFS:
    'too many descriptors of this user are in flight, sent but not yet received. Another process of the user may hold ' +
    'them. Raise the limit of open files of this process (ulimit -n, LimitNOFILE=)',
}

/** The error of a system call by its negative errno. */
export function systemError(syscall: string, negativeErrno: number, subject?: string): FdPassingError {
  const errno = errnoName(negativeErrno)
  const what = subject === undefined ? syscall : `${syscall} ${subject}`
  const details = { errno, syscall }
  if (-negativeErrno === constants.errno.EMSGSIZE) {
    const message = `${what}: the message is larger than this socket takes at once. Send smaller pieces`
    return new FdPassingError('ERR_MESSAGE_TOO_LARGE', message, details)
  }
  if (-negativeErrno === constants.errno.ENOTSUP || -negativeErrno === constants.errno.ENOSYS) {
    const message = `${what}: not available on this system, or for this kind of descriptor (${errno})`
    return new FdPassingError('ERR_UNSUPPORTED', message, details)
  }
  const hint = advice[errno]
  const message = `${what} failed: ${errno}${hint === undefined ? '' : ` (${hint})`}`
  return new FdPassingError('ERR_SYSTEM', message, details)
}

/** Passes a system call's result through, or throws what its negative errno means. */
export function checked<Result>(result: Result | number, syscall: string, subject?: string): Result {
  if (typeof result === 'number' && result < 0) throw systemError(syscall, result, subject)
  return result as Result
}

function errnoName(negativeErrno: number): string {
  const name = getSystemErrorName(negativeErrno)
  if (/^E[A-Z0-9]+$/.test(name)) return name
  // libuv does not name them all (ESTALE …).
  const known = Object.entries({ ...constants.errno, ETOOMANYREFS }).find(
    ([, value]) => value === -negativeErrno,
  )
  return known?.[0] ?? `errno ${-negativeErrno}`
}
