import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { waitFor } from './wait-for.ts'

/** Lists the target of each open fd of a process, by number (Linux: /proc/PID/fd). */
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

/**
 * Whether a process runs: a zombie does not. One whose main thread has ended before its others is shown as a zombie, but
 * holds its descriptors and locks until the last of them has ended, so it still counts.
 */
export function isAlive(pid: number): boolean {
  const stat = statOf(pid)
  return stat !== undefined && (stat.state !== 'Z' || stat.threads > 1)
}

/** The state letter of /proc/PID/stat (R, S, D, Z, T …), or undefined where there is no such process. */
export function processState(pid: number): string | undefined {
  return statOf(pid)?.state
}

/** The children of a process, zombies too. */
export function childrenOf(pid: number): number[] {
  return allProcesses().filter((other) => statOf(other)?.parent === pid)
}

/** The arguments of a process (/proc/PID/cmdline). None where it has ended, or is a zombie. */
export function argumentsOf(pid: number): string[] {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').slice(0, -1)
  } catch {
    return []
  }
}

function allProcesses(): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
}

function statOf(pid: number): { state: string; parent: number; threads: number } | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
    // The fields from the third on; the second is a name, which may hold anything. The 20th is num_threads (proc(5)).
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
    return { state: fields[0] as string, parent: Number(fields[1]), threads: Number(fields[17]) }
  } catch {
    return undefined
  }
}

/** Who was found by which text. */
const foundBefore = new Map<string, Set<number>>()

/**
 * The processes whose environment holds this text: how a test finds what it or its children left behind. A process that
 * ends loses its memory, and so its environment, before its descriptors: one that was found before is found until it has
 * lost them too.
 */
export function processesWith(environmentText: string): number[] {
  const before = foundBefore.get(environmentText)
  const found = allProcesses().filter((pid) => {
    const environment = environmentOf(pid)
    if (environment === '') return before?.has(pid) === true && isAlive(pid)
    return environment?.includes(environmentText)
  })
  foundBefore.set(environmentText, new Set(found))
  return found
}

/** Undefined for another user's process, or none; empty for one that has lost it. */
function environmentOf(pid: number): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/environ`, 'latin1')
  } catch (error) {
    // read(2) fails in this way if the memory went after open(2).
    return (error as NodeJS.ErrnoException).code === 'ESRCH' ? '' : undefined
  }
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
