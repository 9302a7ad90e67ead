import { readdirSync, readFileSync } from 'node:fs'

/** A process that lives, as /proc shows it. */
export type ProcProcess = {
  /** The real uid. */
  uid: number
  parent: number
  group: number
}

/** Undefined where no process lives under that pid: a zombie does not, and a thread is not a process. */
export function procProcess(pid: number): ProcProcess | undefined {
  const status = readProc(`${pid}/status`)
  if (status === undefined) return undefined
  const field = (name: string) => new RegExp(`^${name}:\\s*(\\S+)`, 'm').exec(status)?.[1]
  if (Number(field('Tgid')) !== pid || /^[ZX]/.test(field('State') ?? '')) return undefined
  return { uid: Number(field('Uid')), parent: Number(field('PPid')), group: Number(field('NSpgid')) }
}

/** Every process that lives and may be seen. */
export function procProcesses(): Map<number, ProcProcess> {
  const found = new Map<number, ProcProcess>()
  for (const name of listProc('')) {
    const pid = Number(name)
    const process = Number.isInteger(pid) ? procProcess(pid) : undefined
    if (process !== undefined) found.set(pid, process)
  }
  return found
}

/** Returns whether /proc shows the processes of every user (`hidepid=` of proc(5) hides them). */
export function procShowsAll(): boolean {
  return readProc('1/status') !== undefined
}

/** The text of a file below /proc, undefined where it is gone or may not be read. */
export function readProc(path: string): string | undefined {
  try {
    return readFileSync(`/proc/${path}`, 'latin1')
  } catch {
    return undefined
  }
}

/** The names in a folder below /proc, none where it is gone or may not be read. */
export function listProc(path: string): string[] {
  try {
    return readdirSync(`/proc/${path}`)
  } catch {
    return []
  }
}
