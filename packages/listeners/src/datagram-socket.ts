import type { Socket } from 'node:dgram'
import { localAddress, type OwnedFd } from '@shellflip/fd-passing'
import { invalidArgument } from './listeners-error.ts'

/** Node's sockets have always had `type`, though it is not documented. */
type Typed = Socket & { readonly type: 'udp4' | 'udp6' }

export function familyOf(socket: Socket): 4 | 6 {
  return (socket as Typed | undefined)?.type === 'udp6' ? 6 : 4
}

/**
 * Refuses a socket of the other family. It would receive from addresses that Node cannot answer. Nothing would be sent, and no error
 * reported.
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

/** @param fd becomes the socket's own */
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
    // It is not bound yet, or the program closed it. Either way it receives nothing.
  }
}
