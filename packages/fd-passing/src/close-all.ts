import type { OwnedFd } from './owned-fd.ts'

/**
 * Closes descriptors that nobody needs any more. If somebody else has closed one (EBADF), that is the program's mistake. It changes
 * neither who serves nor what is reported.
 */
export function closeAll(fds: Iterable<OwnedFd>): void {
  for (const fd of fds) {
    try {
      fd.close()
    } catch (error) {
      process.emitWarning(error as Error)
    }
  }
}
