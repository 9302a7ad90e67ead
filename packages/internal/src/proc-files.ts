import { readdirSync, readFileSync, readlinkSync } from 'node:fs'

/** A process that lives, as /proc shows it. */
export type ProcProcess = {
  /** The real uid. */
  uid: number
  parent: number
  group: number
}

/** Undefined where no process lives under that pid: a zombie does not, and a thread is not a process. */
export function procProcess(pid: number): ProcProcess | undefined {
  const status = procText(`${pid}/status`)
  if (status === undefined) return undefined
  const field = (name: string) => new RegExp(`^${name}:\\s*(\\S+)`, 'm').exec(status)?.[1]
  if (Number(field('Tgid')) !== pid || /^[ZX]/.test(field('State') ?? '')) return undefined
  return { uid: Number(field('Uid')), parent: Number(field('PPid')), group: Number(field('NSpgid')) }
}

/** Every process that lives and may be seen. */
export function procProcesses(): Map<number, ProcProcess> {
  const found = new Map<number, ProcProcess>()
  for (const pid of procPids()) {
    const process = procProcess(pid)
    if (process !== undefined) found.set(pid, process)
  }
  return found
}

/** Lists the pids that /proc shows. It is empty where the system has no /proc. */
export function procPids(): number[] {
  return procNames('')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
}

/** Returns whether /proc shows the processes of every user (`hidepid=` of proc(5) hides them). */
export function procShowsAll(): boolean {
  return procText('1/status') !== undefined
}

/**
 * Reads a variable of the environment that a program was started with (proc_pid_environ(5)). Returns undefined if the variable is
 * missing or empty, if the program has written over its environment, or if we may not read it.
 */
export function procVariable(pid: number, name: string): string | undefined {
  const environment = procText(`${pid}/environ`, 'utf8')
  return new RegExp(`(?:^|\\0)${name}=([^\\0]+)`).exec(environment ?? '')?.[1]
}

/** Returns the command name of a process, as ps(1) shows it (proc_pid_comm(5)). */
export function procName(pid: number): string | undefined {
  return procText(`${pid}/comm`)?.trim()
}

/** A socket that a process has open, as /proc/PID/fd shows it. */
type ProcSocket = { fd: number; inode: number }

/** Lists the sockets of a process. Returns none where it has ended, or its descriptors are closed to us. */
export function procSockets(pid: number): ProcSocket[] {
  return procNames(`${pid}/fd`).flatMap((name) => {
    const inode = socketInode(procLink(`${pid}/fd/${name}`))
    return inode === undefined ? [] : [{ fd: Number(name), inode }]
  })
}

/** Reads the inode of a socket from the target of a link in /proc/PID/fd. */
export function socketInode(target: string | undefined): number | undefined {
  const inode = /^socket:\[(\d+)\]$/.exec(target ?? '')?.[1]
  return inode === undefined ? undefined : Number(inode)
}

/** The text of a file below /proc, undefined where it is gone or may not be read. */
export function procText(path: string, encoding: BufferEncoding = 'latin1'): string | undefined {
  try {
    return readFileSync(`/proc/${path}`, encoding)
  } catch {
    return undefined
  }
}

/** The names in a folder below /proc, none where it is gone or may not be read. */
export function procNames(path: string): string[] {
  try {
    return readdirSync(`/proc/${path}`)
  } catch {
    return []
  }
}

function procLink(path: string): string | undefined {
  try {
    return readlinkSync(`/proc/${path}`)
  } catch {
    return undefined
  }
}
