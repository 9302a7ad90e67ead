import type { Socket as DatagramSocket } from 'node:dgram'
import { Server } from 'node:net'
import { OwnedFd } from '@shellflip/fd-passing'
import { serverHint, show } from '@shellflip/internal'
import { invalidArgument } from './listeners-error.ts'
import { ownCallOf } from './unmanaged-servers.ts'

/**
 * Checks a server that the program gives to `listen()`.
 *
 * @throws {ListenersError} ERR_INVALID_ARGUMENT if it cannot listen on a socket of the service
 */
export function checkServer(server: unknown): void {
  if (!(server instanceof Server)) {
    const hint =
      typeof server === 'function'
        ? 'Pass createServer(app), not the app.'
        : (serverHint(server) ?? 'Pass what createServer() returns.')
    throw invalidArgument(
      `listen() takes a server of node:net, http, https or http2, not ${show(server)}. ${hint}`,
    )
  }
  const call = ownCallOf(server)
  if (call !== undefined || server.listening) throw listensItself('server', call ?? 'listen()', 'listen')
}

/**
 * Checks a UDP socket that the program gives to `bind()`.
 *
 * @throws {ListenersError} ERR_INVALID_ARGUMENT if it is bound or closed already
 */
export function checkDatagramSocket(socket: unknown): void {
  const dgram = process.getBuiltinModule('node:dgram')
  if (!(socket instanceof dgram.Socket)) {
    throw invalidArgument(
      `bind() takes a socket of node:dgram, not ${show(socket)}. Pass what createSocket() returns.`,
    )
  }
  const call = ownCallOf(socket)
  if (call !== undefined || isBound(socket)) throw listensItself('socket', call ?? 'bind()', 'bind')
}

/** Checks the arguments of `open()`. @throws {ListenersError} ERR_INVALID_ARGUMENT */
export function checkOpen(name: unknown, make: unknown): void {
  if (typeof name !== 'string' || name === '') {
    throw invalidArgument(`open() takes the name that a successor uses for it, not ${show(name)}.`)
  }
  if (typeof make !== 'function') {
    throw invalidArgument(
      `open('${name}', make) takes a function that makes the descriptor, not ${show(make)}.`,
    )
  }
}

/** Checks the result of the function that was given to `open()`. @throws {ListenersError} ERR_INVALID_ARGUMENT */
export function ownedFd(name: string, made: unknown): OwnedFd {
  if (made instanceof OwnedFd) return made
  throw invalidArgument(
    `the function given to open('${name}') must return an OwnedFd of @shellflip/fd-passing, not ${show(made)}. ` +
      'Wrap a number by new OwnedFd(fd).',
  )
}

/** Reports whether the socket is bound. An unbound socket has no address (EBADF). A closed one throws its own error. */
function isBound(socket: DatagramSocket): boolean {
  try {
    socket.address()
    return true
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code !== 'ERR_SOCKET_DGRAM_NOT_RUNNING') return false
    throw invalidArgument('bind() cannot bind a socket that is closed. Create another one.')
  }
}

function listensItself(what: string, call: string, method: 'listen' | 'bind'): Error {
  return invalidArgument(
    `the program calls ${what}.${call} itself, and passes the ${what} to flip.${method}() as well. ` +
      `Remove the call of ${what}.${method}(): flip.${method}() does it.`,
  )
}
