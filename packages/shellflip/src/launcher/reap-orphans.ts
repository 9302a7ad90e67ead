import { readdirSync, readFileSync } from 'node:fs'
import { reapOrphan } from '@shellflip/fd-passing'

/**
 * Reaps orphans, for PID 1: the kernel makes it the parent of every process of its pid namespace whose parent has ended.
 * Without this each of them would remain a zombie, for Node reaps only what it has started itself. Only /proc names them:
 * where it is missing they remain.
 *
 * @param isOurs whether Node reaps it
 */
export function reapOrphans(isOurs: (pid: number) => boolean): void {
  const ourSession = statOf(process.pid)?.session
  process.on('SIGCHLD', () => {
    for (const pid of pids()) {
      const stat = statOf(pid)
      if (stat?.state !== 'Z' || stat.parent !== process.pid || isOurs(pid)) continue
      // Of ours: started by what stands before shellflip() in the program.
      if (stat.session !== ourSession) reapOrphan(pid)
    }
  })
}

function pids(): number[] {
  try {
    return readdirSync('/proc').map(Number).filter(Number.isInteger)
  } catch {
    return []
  }
}

/** proc_pid_stat(5): after the name, which may hold anything, in parentheses. */
function statOf(pid: number): { state: string; parent: number; session: number } | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, 'latin1')
    const [state = '', parent, , session] = text.slice(text.lastIndexOf(')') + 2).split(' ')
    return { state, parent: Number(parent), session: Number(session) }
  } catch {
    return undefined
  }
}
