import { BlockList, isIP } from 'node:net'
import { boundInternetSockets, listeningUnixSockets } from '@shellflip/internal'
import { hostOf } from './host-of.ts'
import type { InternetAddress, UnixAddress } from './parse-address.ts'

/** Finds the sockets, by inode, that keep others from an address. On Linux only. */
export async function socketsAt(address: InternetAddress | UnixAddress): Promise<number[]> {
  if (address.type === 'unix') {
    return listeningUnixSockets('self').flatMap(({ inode, path }) => (path === address.path ? [inode] : []))
  }
  const { type, port } = address
  const host = (await hostOf(address.host)) ?? address.host
  return boundInternetSockets(type, 'self').flatMap((bound) =>
    bound.port === port && overlap(host, bound.host) ? [bound.inode] : [],
  )
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
