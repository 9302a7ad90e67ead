import { procNames, procProcess, procProcesses, procShowsAll, procText } from '@shellflip/internal'
import type { SignalOutcome } from './system.ts'

const hasProc = process.platform === 'linux' && procText('self/status') !== undefined

export function signal(pid: number, signal: NodeJS.Signals | number): SignalOutcome {
  try {
    process.kill(pid, signal)
    return 'sent'
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    // A signal that does not exist says nothing about the process.
    if (code !== 'EPERM' && code !== 'ESRCH') throw error
    // macOS says EPERM of a group of which only zombies are left.
    if (code === 'ESRCH' || (pid < 0 && process.platform === 'darwin')) return 'gone'
    return 'refused'
  }
}

export function ownerOf(pid: number): number | undefined {
  if (hasProc) return procProcess(pid)?.uid
  const outcome = signal(pid, 0)
  if (outcome === 'gone') return undefined
  return outcome === 'refused' ? -1 : process.getuid?.()
}

export function groupOf(pid: number): number | undefined {
  return hasProc ? procProcess(pid)?.group : undefined
}

/** kill(2) alone would take a zombie that its parent has not reaped for a member. */
export function memberOf(group: number, known?: number): number | undefined {
  if (signal(-group, 0) === 'gone') return undefined
  if (!hasProc) return -1
  if (known !== undefined && known > 0 && procProcess(known)?.group === group) return known
  for (const [pid, process] of procProcesses()) if (process.group === group) return pid
  return procShowsAll() ? undefined : -1
}

/** Each thread has its own (proc_pid_task(5), `children`). */
export function childrenOf(pid: number): number[] {
  return procNames(`${pid}/task`).flatMap((thread) =>
    (procText(`${pid}/task/${thread}/children`) ?? '').trim().split(' ').filter(Boolean).map(Number),
  )
}
