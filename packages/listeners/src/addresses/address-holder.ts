import { boundInternetSockets, procName, procPids, procSockets } from '@shellflip/internal'
import type { InternetAddress } from './parse-address.ts'

/** The limit of processes that an error names. The workers of a server all have its socket. */
const NAMED = 3

/**
 * Finds the other processes that have a port, as `pid 812 (nginx)`, where /proc shows them. It shows a user its own processes, and root
 * all of them. This compares the port alone. On Linux only.
 */
export function holdersOf({ type, port }: Pick<InternetAddress, 'type' | 'port'>): string[] {
  const bound = boundInternetSockets(type, 'self').filter((socket) => socket.port === port)
  const inodes = new Set(bound.map(({ inode }) => inode))
  const holders: string[] = []
  for (const pid of inodes.size === 0 ? [] : procPids()) {
    if (pid === process.pid || !procSockets(pid).some(({ inode }) => inodes.has(inode))) continue
    holders.push(`pid ${pid} (${procName(pid) ?? ''})`)
    if (holders.length === NAMED) break
  }
  return holders
}
