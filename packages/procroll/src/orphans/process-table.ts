import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'

/** A pid is used again by and by; with the time of its start it means one process only. */
export type ProcessEntry = {
  /** When it was started: text that only this process under this pid has. */
  startedAt: string
  group: number
}

/**
 * The process under a pid, or undefined where none runs; a zombie does not.
 *
 * @throws Error where the system does not tell (EMFILE …)
 */
export function lookUpProcess(pid: number): ProcessEntry | undefined {
  return process.platform === 'linux' ? fromProc(pid) : fromPs(pid)
}

/** proc_pid_stat(5). The name in parentheses may itself hold blanks and parentheses. */
function fromProc(pid: number): ProcessEntry | undefined {
  const stat = readStat(pid)
  if (stat === undefined) return undefined
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  const [state, group, startTicks] = [fields[0], fields[2], fields[19]]
  if (state === undefined || 'ZXx'.includes(state)) return undefined
  return { startedAt: `${bootId()}:${startTicks}`, group: Number(group) }
}

function readStat(pid: number): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'latin1')
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT' || code === 'ESRCH') return undefined
    throw error
  }
}

/** Start times count from the boot, and could be equal after the next one. */
function bootId(): string {
  return readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim()
}

function fromPs(pid: number): ProcessEntry | undefined {
  try {
    const line = execFileSync('/bin/ps', ['-o', 'state=,pgid=,lstart=', '-p', String(pid)], {
      encoding: 'utf8',
      env: { LC_ALL: 'C', TZ: 'UTC' },
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    const [, state, group, startedAt] = /^(\S+)\s+(\d+)\s+(.*\S)\s*$/.exec(line) ?? []
    if (state === undefined || startedAt === undefined || state.startsWith('Z')) return undefined
    return { startedAt, group: Number(group) }
  } catch {
    return undefined
  }
}
