import { constants, openSync } from 'node:fs'
import { lock, OwnedFd } from '@shellflip/fd-passing'
import { ControlSocketError } from './control-socket-error.ts'

const lockTimeoutMs = 5_000

/**
 * Locks the folder itself (flock(2) on its fd), so that of several starters only one at a time looks at a path and
 * takes it. The kernel drops the lock with the fd, and there is no lock file to leave behind.
 */
export async function lockFolder(folder: string): Promise<Disposable> {
  const fd = new OwnedFd(openSync(folder, constants.O_RDONLY | constants.O_DIRECTORY))
  try {
    await lock(fd.fd, 'exclusive', { signal: AbortSignal.timeout(lockTimeoutMs) })
    return fd
  } catch (cause) {
    fd.close()
    const why =
      (cause as Error).name === 'TimeoutError' ? `another process kept it for ${lockTimeoutMs} ms` : cause
    throw new ControlSocketError('ERR_SYSTEM', `cannot lock ${folder}: ${why}`, { cause })
  }
}
