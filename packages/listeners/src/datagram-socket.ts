import type { Socket } from 'node:dgram'
import { localAddress, type OwnedFd } from '@shellflip/fd-passing'
import { invalidArgument } from './listeners-error.ts'

/** Node's sockets have had `type` from the first, though it is not documented. */
type Typed = Socket & { readonly type: 'udp4' | 'udp6' }

export function familyOf(socket: Socket): 4 | 6 {
  return (socket as Typed | undefined)?.type === 'udp6' ? 6 : 4
}

/**
 * A socket of the other family hears from addresses that Node then cannot answer: nothing is sent, and nobody is told.
 *
 * @throws {ListenersError} ERR_INVALID_ARGUMENT
 */
export function checkFamily(socket: Socket, fd: OwnedFd): void {
  const where = localAddress(fd.fd)
  const family = where.family === 'IPv6' ? 6 : 4
  if (where.family === 'unix' || family === familyOf(socket)) return
  throw invalidArgument(
    `a socket of type udp${familyOf(socket)} cannot receive at ${where.address}. Make it by createSocket('udp${family}')`,
  )
}

/** @param fd is the socket's own then */
export function bindDatagram(socket: Socket, fd: OwnedFd): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.once('error', reject)
    socket.bind({ fd: fd.release(), exclusive: true }, () => {
      socket.off('error', reject)
      resolve()
    })
  })
}

export function closeDatagram(socket: Socket): void {
  try {
    socket.close()
  } catch {
    // Not bound yet, or closed by the program: either way it receives nothing.
  }
}
