import { checked } from './error.ts'
import { native } from './native.ts'
import { checkDescriptor } from './owned-fd.ts'

/** The identity of a process, as the kernel reports it. */
export type Credentials = { pid: number; uid: number; gid: number }

/**
 * Returns the process at the other end of a connected UNIX stream or seqpacket socket, as it was when the connection was made. The kernel
 * recorded it, so it can be trusted (unix(7), SO_PEERCRED, and on macOS LOCAL_PEERCRED, LOCAL_PEERPID).
 *
 * @throws {FdPassingError} ERR_SYSTEM if the socket does not have a peer (ENOTCONN)
 */
export function peerCredentials(fd: number): Credentials {
  return checked<Credentials>(native.peerCredentials(checkDescriptor(fd)), 'getsockopt', 'SO_PEERCRED')
}

/** This process, as SCM_CREDENTIALS wants it. */
export function ownCredentials(): Credentials {
  return { pid: process.pid, uid: process.geteuid?.() ?? 0, gid: process.getegid?.() ?? 0 }
}
