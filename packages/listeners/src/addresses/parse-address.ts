import { isIP } from 'node:net'
import { basename } from 'node:path'
import { show } from '@shellflip/internal'
import { invalidArgument } from '../listeners-error.ts'
import { decode, type ParsedOptions, parseOptions, type Refuse, type Scheme } from './parse-options.ts'

export type InternetAddress = { type: 'tcp' | 'udp'; host: string; port: number }
export type UnixAddress = { type: 'unix'; path: string }

/** An address that was written as text, and the name under which a program finds its socket in LISTEN_FDNAMES. */
export type ParsedAddress = { name: string } & (InternetAddress | UnixAddress) & ParsedOptions

const ACCEPTED =
  'Accepted: [NAME=]tcp://HOST:PORT, udp://HOST:PORT, unix:///PATH or unix:@NAME, with options behind a question mark, as ' +
  'tcp://127.0.0.1:8080, web=tcp://[::]:80?ipv6only, unix:///run/app.sock?mode=0660&group=www-data'

/** FDNAME= of sd_notify(3): ASCII, no control characters, no colon, at most 255 of them. */
const FD_NAME = /^[\x20-\x39\x3b-\x7e]{1,255}$/

/**
 * Reads an address such as `web=tcp://[::]:80?ipv6only`. Without NAME a socket is called by its port (`8080`), or by its file
 * (`app.sock`).
 *
 * @throws {ListenersError} ERR_INVALID_ARGUMENT if it is not an address. The message lists what is accepted
 */
export function parseListenAddress(text: string): ParsedAddress {
  if (typeof text !== 'string') throw invalidArgument(`parseListenAddress() takes a text, not ${show(text)}.`)
  const refuse = (why: string) => invalidArgument(`cannot listen on "${text}": ${why}. ${ACCEPTED}`)
  const [, given, scheme, slashes, rest = ''] = /^(?:(.*?)=)?(tcp|udp|unix):(\/\/)?(.*)$/s.exec(text) ?? []
  if (scheme === undefined || (slashes === undefined && !(scheme === 'unix' && rest.startsWith('@'))))
    throw refuse('it does not begin with tcp://, udp:// or unix://')
  const [target = '', query = ''] = rest.split(/\?(.*)/s, 2)
  const address =
    scheme === 'unix'
      ? parseUnix(decode(target, refuse), refuse)
      : parseInternet(scheme as 'tcp' | 'udp', target, refuse)
  const options = parseOptions(scheme as Scheme, query, refuse)
  checkTogether(address, options, refuse)
  const name = given ?? (address.type === 'unix' ? basename(address.path) : String(address.port))
  if (!FD_NAME.test(name)) {
    throw refuse(
      `"${name}" is not a name for a socket (1 to 255 ASCII characters, no colon, no control characters)`,
    )
  }
  return { name, ...address, ...options }
}

/** Writes an address as {@link parseListenAddress} reads it, without its name and its options. */
export function formatListenAddress(address: InternetAddress | UnixAddress): string {
  if (address.type === 'unix') return `unix://${address.path}`
  const host = address.host.includes(':') ? `[${address.host}]` : address.host
  return `${address.type}://${host}:${address.port}`
}

function parseInternet(type: 'tcp' | 'udp', target: string, refuse: Refuse): InternetAddress {
  const [, bracketed, plain, digits = ''] = /^(?:\[([^\]]*)\]|([^:[\]]*)):(\d*)$/.exec(target) ?? []
  const host = bracketed ?? plain
  if (host === undefined) {
    const isBare = isIP(target.replace(/:\d+$/, '')) === 6
    throw refuse(isBare ? 'an IPv6 address needs brackets' : `"${target}" is not HOST:PORT`)
  }
  if (host === '') throw refuse('the host is missing (0.0.0.0 or [::] takes every address)')
  if (bracketed !== undefined && isIP(bracketed) !== 6) throw refuse(`"${bracketed}" is not an IPv6 address`)
  if (/[/?#@\s]/.test(host)) throw refuse(`"${host}" is not a host`)
  if (digits === '') throw refuse('the port is missing (0 takes any free one)')
  const port = Number(digits)
  if (port > 65_535) throw refuse(`port ${digits} is above 65535`)
  return { type, host, port }
}

function parseUnix(path: string, refuse: Refuse): UnixAddress {
  if (!/^[/@]./s.test(path)) throw refuse('a path must begin with a slash, as in unix:///run/app.sock')
  if (path.endsWith('/')) throw refuse('it names a folder')
  if (path.includes('\0')) throw refuse('it contains a NUL character')
  return { type: 'unix', path }
}

function checkTogether(address: InternetAddress | UnixAddress, options: ParsedOptions, refuse: Refuse): void {
  if (address.type !== 'unix') {
    if (options.ipv6Only && isIP(address.host) !== 6) throw refuse('ipv6only needs an IPv6 address, as [::]')
    return
  }
  const ofFile = (['mode', 'user', 'group'] as const).find((name) => options[name] !== undefined)
  if (address.path.startsWith('@') && ofFile !== undefined)
    throw refuse(
      `an abstract address does not have a file, so ${ofFile} is not possible. Every local user can connect`,
    )
}
