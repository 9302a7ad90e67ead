import { readdirSync, readFileSync } from 'node:fs'
import { native } from './native.ts'
import { isSpawnedHere } from './spawned-process.ts'

/**
 * Makes orphans below this process its children (PR_SET_CHILD_SUBREAPER of prctl(2)). A program that goes to the
 * background then stays in sight. Reap them: see {@link reapOrphans}.
 *
 * @returns false where the system cannot: only Linux can
 */
export function adoptOrphans(): boolean {
  return native.setSubreaper(1) === 0
}

/**
 * Lists the children of this process that `spawnProcess()` has not started here: adopted orphans, and children of `node:child_process`.
 * The list may contain zombies. It is empty where /proc does not show them.
 */
export function adoptedChildren(): number[] {
  const tasks = '/proc/self/task'
  try {
    const lists = readdirSync(tasks).map((thread) => readFileSync(`${tasks}/${thread}/children`, 'latin1'))
    const pids = lists.flatMap((list) => list.split(' ')).filter((text) => text !== '')
    return pids.map(Number).filter((pid) => !isSpawnedHere(pid))
  } catch {
    return []
  }
}
