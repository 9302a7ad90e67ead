import { endianness } from 'node:os'
import { procText } from './proc-files.ts'

/** The states of a socket that holds an address (include/net/tcp_states.h): TCP_LISTEN, and TCP_CLOSE for UDP without a peer. */
const holding = { tcp: '0A', udp: '07' } as const

/** `__SO_ACCEPTCON` (include/linux/net.h): the socket listens. */
const listens = '00010000'

type BoundInternetSocket = { inode: number; host: string; port: number }
type BoundUnixSocket = { inode: number; path: string }

/**
 * Lists the TCP sockets that listen, or the UDP sockets that receive from everybody (proc_pid_net(5)). The list is empty where the system
 * does not show it.
 *
 * @param of the process whose network namespace counts
 */
export function boundInternetSockets(type: 'tcp' | 'udp', of: number | 'self'): BoundInternetSocket[] {
  return [type, `${type}6`].flatMap((table) =>
    rowsOf(`${of}/net/${table}`).flatMap((row) => {
      // sl local_address rem_address st … uid timeout inode
      const [, local = '', , state, , , , , , inode] = row.trim().split(/\s+/)
      const [address = '', port = ''] = local.split(':')
      if (state !== holding[type]) return []
      return [{ inode: Number(inode), host: formatAddress(address), port: Number.parseInt(port, 16) }]
    }),
  )
}

/** Lists the UNIX sockets that listen, by the path or abstract name (`@name`) that they are bound to. */
export function listeningUnixSockets(of: number | 'self'): BoundUnixSocket[] {
  return rowsOf(`${of}/net/unix`).flatMap((row) => {
    // Num RefCount Protocol Flags Type St Inode Path
    const [, flags, inode, path = ''] = /^(?:\S+ +){3}(\S+) +\S+ +\S+ +(\d+)(?: (.*))?$/.exec(row) ?? []
    return flags === listens ? [{ inode: Number(inode), path }] : []
  })
}

function rowsOf(table: string): string[] {
  const [, ...rows] = (procText(table, 'utf8') ?? '').split('\n')
  return rows
}

/** The kernel prints each 32 bits in the byte order of the machine. */
function formatAddress(hex: string): string {
  const bytes = (hex.match(/.{8}/g) ?? []).flatMap((word) => {
    const inOrder = word.match(/../g) ?? []
    return (endianness() === 'LE' ? inOrder.reverse() : inOrder).map((byte) => Number.parseInt(byte, 16))
  })
  return bytes.length === 4 ? bytes.join('.') : formatIpv6(bytes)
}

function formatIpv6(bytes: readonly number[]): string {
  const groups = Array.from({ length: 8 }, (_, index) =>
    (((bytes[index * 2] ?? 0) << 8) | (bytes[index * 2 + 1] ?? 0)).toString(16),
  )
  return new URL(`http://[${groups.join(':')}]/`).hostname.slice(1, -1)
}
