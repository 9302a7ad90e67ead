import { readFileSync } from 'node:fs'

/** A process. The kernel reuses pids, but a pid and a start time name one process only. */
export type ProcessEntry = {
  /** When it was started: text that only this process under this pid has. */
  startedAt: string
  group: number
}

/**
 * Looks up the process under a pid. Returns undefined if none runs. A zombie does not run.
 *
 * @throws {Error} if the system cannot list them (EMFILE …)
 */
export function lookUpProcess(pid: number): ProcessEntry | undefined {
  return process.platform === 'linux' ? fromProc(pid) : fromPs(pid)
}

/** Returns whether the process that was started then still runs under this pid. */
export function isStillRunning({ pid, startedAt }: { pid: number; startedAt: string }): boolean {
  const found = lookUpProcess(pid)
  return found !== undefined && isSameStart(found.startedAt, startedAt)
}

/** If one of two supervisors could not read which boot it is, the time since the boot decides. */
export function isSameStart(one: string, other: string): boolean {
  const [[boot, ticks], [otherBoot, otherTicks]] = [one.split(':'), other.split(':')]
  if (one === other) return true
  return ticks !== undefined && ticks === otherTicks && (boot === '' || otherBoot === '')
}

/** proc_pid_stat(5). The name in parentheses may itself hold blanks and parentheses. */
function fromProc(pid: number): ProcessEntry | undefined {
  const stat = readStat(pid)
  if (stat === undefined) return undefined
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  const [state, group, threads, startTicks] = [fields[0], fields[2], fields[17], fields[19]]
  // A process whose main thread has ended before the others is shown as a zombie, and runs.
  if (state === undefined || ('ZXx'.includes(state) && Number(threads) <= 1)) return undefined
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

/**
 * Start times count from the boot, and could be equal after the next boot. A /proc of processes only (ProcSubset=pid of systemd) does not
 * show which boot this is.
 */
function bootId(): string {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim()
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
    return ''
  }
}

function fromPs(pid: number): ProcessEntry | undefined {
  const { execFileSync } = process.getBuiltinModule('node:child_process')
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
