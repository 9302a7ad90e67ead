import { readFileSync } from 'node:fs'

/**
 * Returns whether a process waits in flock(2) for the lock that this descriptor holds, as flock(1) does. proc_locks(5) lists the waiting
 * processes of this PID namespace with an arrow.
 *
 * @returns false where /proc does not show it
 */
export function isAwaited(fd: number): boolean {
  try {
    // The device and the inode, as the kernel writes them in both files.
    const [, file] =
      /^lock:.*FLOCK\s.*\s([0-9a-f]+:[0-9a-f]+:\d+)\s/m.exec(
        readFileSync(`/proc/self/fdinfo/${fd}`, 'utf8'),
      ) ?? []
    if (file === undefined) return false
    const waiting = readFileSync('/proc/locks', 'utf8').matchAll(/-> FLOCK\s.*\s([0-9a-f]+:[0-9a-f]+:\d+)\s/g)
    return [...waiting].some(([, awaited]) => awaited === file)
  } catch {
    return false
  }
}
