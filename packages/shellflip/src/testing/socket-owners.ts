import { readFileSync } from 'node:fs'
import { openFds } from '@shellflip/testing'

/** Returns which of these processes hold the socket that listens at a UNIX path (Linux). */
export function ownersOfPath(path: string, pids: readonly number[]): number[] {
  // Columns: Num RefCount Protocol Flags Type St Inode Path. A listener's flags have __SO_ACCEPTCON (unix(7), proc(5)).
  const rows = table('unix').filter(([, , , flags, , , , at]) => flags === '00010000' && at === path)
  return holders(
    rows.map((row) => row[6]),
    pids,
  )
}

/** Returns which of these processes hold the socket that listens on a TCP port (Linux). */
export function ownersOfPort(port: number, pids: readonly number[]): number[] {
  // Columns: sl local_address rem_address st …, with the inode in the tenth place. 0A is TCP_LISTEN (proc(5)).
  const end = `:${port.toString(16).toUpperCase().padStart(4, '0')}`
  const rows = [...table('tcp'), ...table('tcp6')].filter(
    ([, local, , state]) => state === '0A' && local?.endsWith(end),
  )
  return holders(
    rows.map((row) => row[9]),
    pids,
  )
}

/** Returns which of these processes hold the socket that is bound to a UDP port (Linux). */
export function ownersOfUdpPort(port: number, pids: readonly number[]): number[] {
  const end = `:${port.toString(16).toUpperCase().padStart(4, '0')}`
  const rows = [...table('udp'), ...table('udp6')].filter(([, local]) => local?.endsWith(end))
  return holders(
    rows.map((row) => row[9]),
    pids,
  )
}

function table(name: string): string[][] {
  const lines = readFileSync(`/proc/net/${name}`, 'utf8').trim().split('\n').slice(1)
  return lines.map((line) => line.trim().split(/\s+/))
}

function holders(inodes: readonly (string | undefined)[], pids: readonly number[]): number[] {
  const sockets = new Set(inodes.map((inode) => `socket:[${inode}]`))
  return pids.filter((pid) => [...openFds(pid).values()].some((target) => sockets.has(target)))
}
