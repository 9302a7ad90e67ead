import { lookup } from 'node:dns/promises'
import { readFileSync } from 'node:fs'
import { BlockList, isIP } from 'node:net'
import { endianness } from 'node:os'
import type { InternetAddress, ListenAddress } from '../arguments/listen-address.ts'

/** TCP_LISTEN, and TCP_CLOSE for a UDP socket without a peer (include/net/tcp_states.h). */
const STATES = { tcp: '0A', udp: '07' }

/** `__SO_ACCEPTCON` (include/linux/net.h): the socket listens. */
const LISTENS = '00010000'

/** Finds the sockets, by inode, that keep others from an address. On Linux only. */
export async function socketsAt(address: ListenAddress): Promise<number[]> {
  if (address.type === 'unix') return unixSocketsAt(address.path)
  const hosts = await lookup(address.host, { all: true })
  // As the open path does, for a name with several addresses.
  const host = (hosts.find(({ family }) => family === 4) ?? hosts[0])?.address ?? address.host
  return [`/proc/self/net/${address.type}`, `/proc/self/net/${address.type}6`].flatMap((table) =>
    internetSocketsIn(table, { ...address, host }),
  )
}

/** proc_net_unix(5): `Num RefCount Protocol Flags Type St Inode Path`. */
function unixSocketsAt(path: string): number[] {
  return linesOf('/proc/self/net/unix').flatMap((line) => {
    const [, flags, inode, bound] = /^(?:\S+ +){3}(\S+) +\S+ +\S+ +(\d+) (.*)$/.exec(line) ?? []
    return flags === LISTENS && bound === path ? [Number(inode)] : []
  })
}

/** proc_pid_net(5): `sl local_address rem_address st … uid timeout inode`. */
function internetSocketsIn(table: string, { type, host, port }: InternetAddress): number[] {
  return linesOf(table).flatMap((line) => {
    const fields = line.trim().split(/\s+/)
    const [bound = '', hexPort = ''] = fields[1]?.split(':') ?? []
    const isThere = fields[3] === STATES[type] && Number.parseInt(hexPort, 16) === port
    return isThere && overlap(host, addressOf(bound)) ? [Number(fields[9])] : []
  })
}

/** The kernel does not show whether a socket at `::` leaves an IPv4 address free. So the two count as the same. */
function overlap(one: string, other: string): boolean {
  if (isEvery(one)) return one === '::' || isIP(other) === 4 || other === '::'
  if (isEvery(other)) return other === '::' || isIP(one) === 4
  const list = new BlockList()
  list.addAddress(withoutZone(one), familyOf(one))
  return list.check(withoutZone(other), familyOf(other))
}

const isEvery = (host: string) => host === '::' || host === '0.0.0.0'
const familyOf = (host: string) => (isIP(host) === 6 ? 'ipv6' : 'ipv4')
const withoutZone = (host: string) => host.replace(/%.*/, '')

/** The kernel prints each 32 bits in the byte order of the machine. */
function addressOf(hex: string): string {
  const words = hex.match(/.{8}/g) ?? []
  const bytes = words.flatMap((word) => {
    const inOrder = word.match(/../g) ?? []
    return endianness() === 'LE' ? inOrder.reverse() : inOrder
  })
  if (bytes.length === 4) return bytes.map((byte) => Number.parseInt(byte, 16)).join('.')
  const text = bytes.join('').replace(/(.{4})(?!$)/g, '$1:')
  return /^[0:]*$/.test(text) ? '::' : text
}

function linesOf(path: string): string[] {
  try {
    return readFileSync(path, 'utf8').split('\n').slice(1)
  } catch {
    return []
  }
}
