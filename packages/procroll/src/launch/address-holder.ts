import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import type { InternetAddress } from '../arguments/listen-address.ts'

/** The limit of processes that an error names. The workers of a server all have its socket. */
const NAMED = 3

/** TCP_LISTEN, and TCP_CLOSE for a UDP socket without a peer (include/net/tcp_states.h). */
const STATES = { tcp: '0A', udp: '07' }

/**
 * Finds the other processes that have a port, as `pid 812 (nginx)`, where /proc shows them. It shows a user its own processes, and root
 * all of them. This compares the port alone. On Linux only.
 */
export function holdersOf({ type, port }: InternetAddress): string[] {
  const sockets = new Set([
    ...socketsAt(`/proc/net/${type}`, STATES[type], port),
    ...socketsAt(`/proc/net/${type}6`, STATES[type], port),
  ])
  if (sockets.size === 0) return []
  const holders: string[] = []
  for (const pid of list('/proc')) {
    if (!/^\d+$/.test(pid) || pid === String(process.pid) || !hasOneOf(pid, sockets)) continue
    holders.push(`pid ${pid} (${read(`/proc/${pid}/comm`).trim()})`)
    if (holders.length === NAMED) break
  }
  return holders
}

/** proc_pid_net(5): `sl local_address rem_address st … uid timeout inode`. */
function socketsAt(path: string, state: string, port: number): string[] {
  const suffix = `:${port.toString(16).toUpperCase().padStart(4, '0')}`
  return read(path)
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .filter((fields) => fields[1]?.endsWith(suffix) && fields[3] === state)
    .map((fields) => `socket:[${fields[9]}]`)
}

function hasOneOf(pid: string, sockets: ReadonlySet<string>): boolean {
  return list(`/proc/${pid}/fd`).some((fd) => {
    try {
      return sockets.has(readlinkSync(`/proc/${pid}/fd/${fd}`))
    } catch {
      return false
    }
  })
}

function list(folder: string): string[] {
  try {
    return readdirSync(folder)
  } catch {
    return []
  }
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}
