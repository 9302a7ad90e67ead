import { checkPid } from './check-argument.ts'
import { checked } from './error.ts'
import { native } from './native.ts'
import { checkDescriptor, OwnedFd } from './owned-fd.ts'

/**
 * Duplicates a descriptor of another process (pidfd_getfd(2), Linux 5.6). Both share the open file. The other process can close the
 * number and use it again at any time, so check the result.
 *
 * @throws {FdPassingError} ERR_SYSTEM if this process may not trace the other one (EPERM, see ptrace(2) and Yama)
 * @throws {FdPassingError} ERR_SYSTEM if the descriptor is not open there (EBADF)
 * @throws {FdPassingError} ERR_SYSTEM if the process has ended (ESRCH)
 * @throws {FdPassingError} ERR_UNSUPPORTED if the system lacks the call
 */
export function duplicateFrom(pid: number, fd: number): OwnedFd {
  checkPid(pid)
  const target = `${checkDescriptor(fd)} of process ${pid}`
  return new OwnedFd(checked(native.duplicateFrom(pid, fd), 'pidfd_getfd', target))
}
