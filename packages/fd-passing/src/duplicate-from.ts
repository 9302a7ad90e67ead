import { checkPid } from './check-argument.ts'
import { checked } from './error.ts'
import { native } from './native.ts'
import { checkDescriptor, OwnedFd } from './owned-fd.ts'

/**
 * Duplicates a descriptor of another process (pidfd_getfd(2), Linux 5.6). Both share the open file. The other process can close the
 * number and use it again at any time, so check the result.
 *
 * @throws {@link FdPassingError} `ERR_SYSTEM` with one of these errno names: `EPERM` if this process may not trace the other one
 * (ptrace(2), Yama), `EBADF` if the descriptor is not open there, `ESRCH` if the process has ended, `ENOSYS` or `ENOTSUP` on an older or
 * other system
 */
export function duplicateFrom(pid: number, fd: number): OwnedFd {
  checkPid(pid)
  const target = `${checkDescriptor(fd)} of process ${pid}`
  return new OwnedFd(checked(native.duplicateFrom(pid, fd), 'pidfd_getfd', target))
}
