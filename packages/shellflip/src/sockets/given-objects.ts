import { Socket as DatagramSocket } from 'node:dgram'
import { Server } from 'node:net'
import { invalidArgument } from '../shellflip-error.ts'
import { ownCallOf } from './unmanaged-servers.ts'

/**
 * Checks a server that the program gives to `flip.listen()`.
 *
 * @throws {ShellflipError} ERR_INVALID_ARGUMENT if it cannot listen on a socket of the service
 */
export function checkServer(server: unknown): void {
  if (!(server instanceof Server)) {
    const hint =
      typeof server === 'function'
        ? 'Pass createServer(app), not the app.'
        : 'Pass what createServer() returns.'
    throw invalidArgument(
      `flip.listen() takes a server of node:net, http, https or http2, not ${kindOf(server)}. ${hint}`,
    )
  }
  const call = ownCallOf(server)
  if (call !== undefined || server.listening) throw listensItself('server', call ?? 'listen()', 'listen')
}

/**
 * Checks a UDP socket that the program gives to `flip.bind()`.
 *
 * @throws {ShellflipError} ERR_INVALID_ARGUMENT if it is bound or closed already
 */
export function checkDatagramSocket(socket: unknown): void {
  if (!(socket instanceof DatagramSocket)) {
    throw invalidArgument(
      `flip.bind() takes a socket of node:dgram, not ${kindOf(socket)}. Pass what createSocket() returns.`,
    )
  }
  const call = ownCallOf(socket)
  if (call !== undefined || isBound(socket)) throw listensItself('socket', call ?? 'bind()', 'bind')
}

/** @throws {ShellflipError} ERR_INVALID_ARGUMENT */
export function checkMode(mode: unknown): void {
  if (mode === undefined || (Number.isInteger(mode) && Number(mode) >= 0 && Number(mode) <= 0o777)) return
  throw invalidArgument(`mode must be permission bits such as 0o660, not ${JSON.stringify(mode)}.`)
}

/** @throws {ShellflipError} ERR_INVALID_ARGUMENT */
export function checkPort({ port }: { readonly port?: unknown }): void {
  if (port === undefined || (Number.isInteger(port) && Number(port) >= 0 && Number(port) <= 65_535)) return
  const hint = typeof port === 'string' ? ' Use Number(port).' : ''
  throw invalidArgument(`port must be a whole number from 0 to 65535, not ${JSON.stringify(port)}.${hint}`)
}

/** An unbound socket has no address (EBADF). A closed one says so. */
function isBound(socket: DatagramSocket): boolean {
  try {
    socket.address()
    return true
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code !== 'ERR_SOCKET_DGRAM_NOT_RUNNING') return false
    throw invalidArgument('flip.bind() cannot bind a socket that is closed. Create another one.')
  }
}

function listensItself(what: string, call: string, method: 'listen' | 'bind'): Error {
  return invalidArgument(
    `the program calls ${what}.${call} itself, and passes the ${what} to flip.${method}() as well. ` +
      `Remove the call of ${what}.${method}(): flip.${method}() does it.`,
  )
}

function kindOf(value: unknown): string {
  if (typeof value === 'function') return 'a function'
  return value === null || typeof value !== 'object' ? String(value) : 'another object'
}
