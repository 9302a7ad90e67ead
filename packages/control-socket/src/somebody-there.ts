import { connect } from 'node:net'
import { errnoOf } from './control-socket-error.ts'

/**
 * Whether a process listens at this socket path. Only the kernel's word that nobody does counts as no: a full queue
 * (EAGAIN), another socket type (EPROTOTYPE) or a refusal (EACCES) are signs of life.
 */
export function isSomebodyThere(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path)
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', (error) => resolve(!isNobodyThere(error)))
  })
}

/** The two answers of connect(2) that mean that nobody listens: no such path, and a path whose listener is dead. */
export function isNobodyThere(error: unknown): boolean {
  const errno = errnoOf(error)
  return errno === 'ENOENT' || errno === 'ECONNREFUSED'
}
