import { boundInternetSockets, listeningUnixSockets } from '@shellflip/internal'

export type ListeningSocket = { family: 'tcp' | 'unix'; address: string }

/** The listening sockets in the network namespace of a process, by inode. */
export function listeningSockets(pid: number): Map<number, ListeningSocket> {
  const found = new Map<number, ListeningSocket>()
  for (const { inode, host, port } of boundInternetSockets('tcp', pid)) {
    found.set(inode, { family: 'tcp', address: `${host.includes(':') ? `[${host}]` : host}:${port}` })
  }
  for (const { inode, path } of listeningUnixSockets(pid)) {
    found.set(inode, { family: 'unix', address: `unix:${path}` })
  }
  return found
}
