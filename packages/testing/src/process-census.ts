import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { waitFor } from './wait-for.ts'

/** What each open fd of a process points to, by number (Linux: /proc/PID/fd). */
export function openFds(pid: number | 'self' = 'self'): Map<number, string> {
  const census = new Map<number, string>()
  for (const name of readdirSync(`/proc/${pid}/fd`)) {
    try {
      census.set(Number(name), readlinkSync(`/proc/${pid}/fd/${name}`))
    } catch {
      // Closed between the listing and the look: the fd of the listing itself, mostly.
    }
  }
  return census
}

/** Whether a process runs: a zombie does not. */
export function isAlive(pid: number): boolean {
  const state = processState(pid)
  return state !== undefined && state !== 'Z'
}

/** The state letter of /proc/PID/stat (R, S, D, Z, T …), or undefined where there is no such process. */
export function processState(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    return stat.slice(stat.lastIndexOf(')') + 2, stat.lastIndexOf(')') + 3)
  } catch {
    return undefined
  }
}

/** Resident memory of a process in KiB (Linux: VmRSS of /proc/PID/status). */
export function residentKiB(pid: number | 'self'): number {
  return Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1])
}

/** The processes whose environment holds this text: how a test finds what it or its children left behind. */
export function processesWith(environmentText: string): number[] {
  const found: number[] = []
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue
    try {
      if (readFileSync(`/proc/${name}/environ`, 'latin1').includes(environmentText)) found.push(Number(name))
    } catch {
      // Ended meanwhile, or another user's.
    }
  }
  return found
}

/** Kills these processes, and those that they start meanwhile, until none is left. */
export async function endProcessesWith(environmentText: string): Promise<void> {
  const killAll = () => {
    const pids = processesWith(environmentText)
    for (const pid of pids) process.kill(pid, 'SIGKILL')
    return pids.length
  }
  await waitFor(() => killAll() === 0, { what: `the end of the processes with ${environmentText}` })
}
