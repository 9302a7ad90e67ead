import { readdirSync, readFileSync } from 'node:fs'
import { reapOrphan } from '@shellflip/fd-passing'

/**
 * For PID 1, to which every process of its pid namespace is left whose parent has ended: without this each would remain
 * a zombie, for Node reaps what it has started itself, and nothing else.
 *
 * @param isOurs whether Node reaps it
 */
export function reapOrphans(isOurs: (pid: number) => boolean): void {
  const ourSession = statOf(process.pid)?.session
  process.on('SIGCHLD', () => {
    for (const pid of readdirSync('/proc').map(Number).filter(Number.isInteger)) {
      const stat = statOf(pid)
      if (stat?.state !== 'Z' || stat.parent !== process.pid || isOurs(pid)) continue
      // Of ours: started by what stands before shellflip() in the program.
      if (stat.session !== ourSession) reapOrphan(pid)
    }
  })
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
