import { checked } from './error.ts'
import { native } from './native.ts'
import { checkDescriptor } from './owned-fd.ts'

/** Who a process is, in the words of the kernel. */
export type Credentials = { pid: number; uid: number; gid: number }

/**
 * Who was at the other end of a connected UNIX stream or seqpacket socket when the connection was made: the
 * kernel noted it, so it can be trusted (unix(7), SO_PEERCRED; macOS: LOCAL_PEERCRED, LOCAL_PEERPID).
 *
 * @throws {@link FdPassingError} `ERR_SYSTEM` with `ENOTCONN` without a peer
 */
export function peerCredentials(fd: number): Credentials {
  return checked<Credentials>(native.peerCredentials(checkDescriptor(fd)), 'getsockopt', 'SO_PEERCRED')
}

/** This process, as SCM_CREDENTIALS wants it. */
export function ownCredentials(): Credentials {
  return { pid: process.pid, uid: process.geteuid?.() ?? 0, gid: process.getegid?.() ?? 0 }
}
