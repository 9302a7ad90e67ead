import { constants } from 'node:os'
import { checkPid } from './check-argument.ts'
import { checked } from './error.ts'
import { native } from './native.ts'

const { ECHILD } = constants.errno

/**
 * Takes the exit status of a process that has ended and was left to this one, as orphans are to PID 1. It prevents a zombie. Node reaps
 * only the children that it has started. Never call this for a child of `node:child_process` or of `spawnProcess()`: their exit would not
 * arrive then.
 *
 * @returns whether it is gone now. False while it lives, and if it is not a child of this process.
 * @throws {FdPassingError} ERR_INVALID_ARGUMENT
 */
export function reapOrphan(pid: number): boolean {
  // Others mean any child, or a group of them, to waitpid(2).
  checkPid(pid)
  const report = native.reap(pid)
  if (report === -ECHILD) return false
  return typeof checked(report, 'waitpid') === 'object'
}
