import { checkPid } from './check-argument.ts'
import { checked } from './error.ts'
import { native } from './native.ts'
import { checkDescriptor, OwnedFd } from './owned-fd.ts'

/**
 * Duplicates a descriptor of another process (pidfd_getfd(2), Linux 5.6). Both share the open file. A number can be closed
 * and used again in the other process at any time, so check what came.
 *
 * @throws {@link FdPassingError} `ERR_SYSTEM`: `EPERM` if this process may not trace the other one (ptrace(2), Yama),
 *   `EBADF` if it has no such descriptor, `ESRCH` if it has ended, `ENOSYS` or `ENOTSUP` on an older or other system
 */
export function duplicateFrom(pid: number, fd: number): OwnedFd {
  checkPid(pid)
  const target = `${checkDescriptor(fd)} of process ${pid}`
  return new OwnedFd(checked(native.duplicateFrom(pid, fd), 'pidfd_getfd', target))
}
