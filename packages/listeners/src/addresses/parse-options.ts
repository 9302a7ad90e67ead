import { nearestName } from '@shellflip/internal'

/** The options after the `?` of an address. */
export type ParsedOptions = {
  /** The limit of connections that wait to be accepted. */
  backlog?: number
  /** SO_REUSEPORT: other sockets of the same user may have the same address. */
  reusePort?: boolean
  /** `[::]` leaves IPv4 alone. */
  ipv6Only?: boolean
  /** The permissions of the socket's file. */
  mode?: number
  /** A name or a number, as the group. */
  user?: string
  group?: string
  socketType?: 'stream' | 'seqpacket'
}

export type Scheme = 'tcp' | 'udp' | 'unix'

export type Refuse = (why: string) => Error

type OptionName = 'backlog' | 'reuseport' | 'ipv6only' | 'mode' | 'user' | 'group' | 'type'

const KNOWN: Record<Scheme, readonly OptionName[]> = {
  tcp: ['backlog', 'reuseport', 'ipv6only'],
  udp: ['reuseport', 'ipv6only'],
  unix: ['mode', 'user', 'group', 'backlog', 'type'],
}

/** Reads `mode=0660&group=www-data`. An option without `=` is switched on. */
export function parseOptions(scheme: Scheme, query: string, refuse: Refuse): ParsedOptions {
  const options: ParsedOptions = {}
  const given = new Set<string>()
  for (const part of query === '' ? [] : query.split('&')) {
    const [name = '', value] = part.split(/=(.*)/s, 2)
    if (!isKnown(scheme, name)) throw refuse(unknownOption(scheme, name))
    if (given.has(name)) throw refuse(`the option ${name} is given twice`)
    given.add(name)
    Object.assign(options, READERS[name](value === undefined ? value : decode(value, refuse), refuse))
  }
  return options
}

/** Undoes percent-encoding, which a path needs for `?` (`%3F`) and `%` (`%25`). */
export function decode(text: string, refuse: Refuse): string {
  try {
    return decodeURIComponent(text)
  } catch {
    throw refuse(`"${text}" has a percent sign that does not encode anything (a literal one is %25)`)
  }
}

function isKnown(scheme: Scheme, name: string): name is OptionName {
  return (KNOWN[scheme] as readonly string[]).includes(name)
}

function unknownOption(scheme: Scheme, name: string): string {
  const known = KNOWN[scheme]
  const nearest = nearestName(name, known)
  const meant = nearest === undefined ? '' : `. Did you mean ${nearest}?`
  return `"${name}" is not an option of ${scheme} (known: ${known.join(', ')})${meant}`
}

type Reader = (value: string | undefined, refuse: Refuse) => ParsedOptions

const READERS: Record<OptionName, Reader> = {
  backlog(value = '', refuse) {
    if (!/^[1-9]\d{0,8}$/.test(value)) throw refuse(`backlog=${value} is not a positive number`)
    return { backlog: Number(value) }
  },
  reuseport: (value, refuse) => ({ reusePort: readSwitch('reuseport', value, refuse) }),
  ipv6only: (value, refuse) => ({ ipv6Only: readSwitch('ipv6only', value, refuse) }),
  mode(value = '', refuse) {
    if (!/^0?[0-7]{3}$/.test(value)) throw refuse(`mode=${value} is not an octal mode such as 0660`)
    return { mode: Number.parseInt(value, 8) }
  },
  user: (value, refuse) => ({ user: readAccount('user', value, refuse) }),
  group: (value, refuse) => ({ group: readAccount('group', value, refuse) }),
  type(value = '', refuse) {
    if (value === 'stream' || value === 'seqpacket') return { socketType: value }
    if (value === 'datagram')
      throw refuse('datagram sockets come from a service manager only (ListenDatagram= of a .socket unit)')
    throw refuse(`type=${value} is neither stream nor seqpacket`)
  },
}

function readSwitch(name: string, value: string | undefined, refuse: Refuse): boolean {
  if (value === undefined || value === 'true') return true
  if (value === 'false') return false
  throw refuse(`${name}=${value} is neither true nor false`)
}

function readAccount(name: string, value: string | undefined, refuse: Refuse): string {
  if (value === undefined || !/^[^\s:/,]+$/.test(value)) throw refuse(`${name}= needs a name or a number`)
  return value
}
