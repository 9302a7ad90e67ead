import { isIP } from 'node:net'
import { basename } from 'node:path'
import { usageError } from '../procroll-error.ts'

/** A socket that procroll holds for its generations, by the name under which they find it in LISTEN_FDNAMES. */
export type ListenAddress = { name: string } & (
  | { type: 'tcp'; host: string; port: number }
  | { type: 'unix'; path: string }
)

const ACCEPTED =
  'Accepted: [NAME=]tcp://HOST:PORT or [NAME=]unix:///PATH, as tcp://127.0.0.1:8080, web=tcp://[::]:80, unix:///run/app.sock'

/** FDNAME= of sd_notify(3): ASCII, no control characters, no colon, at most 255 of them. */
const FD_NAME = /^[\x20-\x39\x3b-\x7e]{1,255}$/

/**
 * Reads a `--listen` value. Without NAME a socket is called by its port (`8080`), or by its file (`app.sock`).
 *
 * @throws ProcrollError `ERR_USAGE`, saying what is accepted
 */
export function parseListen(text: string): ListenAddress {
  const refuse = (why: string) => usageError(`"${text}" cannot be listened on: ${why}. ${ACCEPTED}`)
  const [, given, scheme, target = ''] = /^(?:(.*?)=)?(tcp|unix):\/\/(.*)$/s.exec(text) ?? []
  if (scheme === undefined) throw refuse('it is no address')
  const address = scheme === 'tcp' ? parseTcp(target, refuse) : parseUnix(target, refuse)
  const name = given ?? (address.type === 'tcp' ? String(address.port) : basename(address.path))
  if (!FD_NAME.test(name)) {
    throw refuse(
      `"${name}" is no name for a socket (1 to 255 ASCII characters, no colon, no control characters)`,
    )
  }
  return { name, ...address }
}

type Refuse = (why: string) => Error

function parseTcp(target: string, refuse: Refuse): { type: 'tcp'; host: string; port: number } {
  const [, bracketed, plain, digits = ''] = /^(?:\[([^\]]*)\]|([^:[\]]*)):(\d*)$/.exec(target) ?? []
  const host = bracketed ?? plain
  if (host === undefined) {
    throw refuse(
      isIP(target.replace(/:\d+$/, '')) === 6 ? 'an IPv6 address stands in brackets' : 'it is no HOST:PORT',
    )
  }
  if (host === '') throw refuse('the host is missing (every address: 0.0.0.0 or [::])')
  if (bracketed !== undefined && isIP(bracketed) !== 6) throw refuse(`"${bracketed}" is no IPv6 address`)
  if (/[/?#@\s]/.test(host)) throw refuse(`"${host}" is no host`)
  if (digits === '') throw refuse('the port is missing (any free one: 0)')
  const port = Number(digits)
  if (port > 65_535) throw refuse(`port ${digits} is above 65535`)
  return { type: 'tcp', host, port }
}

function parseUnix(target: string, refuse: Refuse): { type: 'unix'; path: string } {
  if (!/^[/@]./s.test(target)) throw refuse('a path begins with a slash (unix:// and then /run/app.sock)')
  if (target.endsWith('/')) throw refuse('it names a folder')
  if (target.includes('\0')) throw refuse('it holds a NUL character')
  return { type: 'unix', path: target }
}
