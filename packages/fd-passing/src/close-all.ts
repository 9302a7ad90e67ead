import type { OwnedFd } from './owned-fd.ts'

/**
 * Closes descriptors that nobody needs any more. One that somebody else has closed (EBADF) is the program's mistake, and changes neither
 * who serves nor what is reported.
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
