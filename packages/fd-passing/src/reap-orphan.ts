import { constants } from 'node:os'
import { checkPid } from './check-argument.ts'
import { checked } from './error.ts'
import { native } from './native.ts'

const { ECHILD } = constants.errno

/**
 * Takes the exit status of a process that has ended and was left to this one, as orphans are to PID 1, so that no zombie
 * remains. Node reaps what it has started itself, and nothing else. Never call this for a child of `node:child_process` or of
 * `spawnProcess()`: their exit would not come then.
 *
 * @returns whether it is gone now; false while it lives, and if it is no child of this process
 * @throws {@link FdPassingError} `ERR_INVALID_ARGUMENT`
 */
export function reapOrphan(pid: number): boolean {
  // Others mean any child, or a group of them, to waitpid(2).
  checkPid(pid)
  const report = native.reap(pid)
  if (report === -ECHILD) return false
  return typeof checked(report, 'waitpid') === 'object'
}
