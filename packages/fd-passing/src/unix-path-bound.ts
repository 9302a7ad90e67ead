import { lstatSync } from 'node:fs'
import { FdPassingError } from './error.ts'
import { connectUnixSocket } from './unix-endpoint.ts'

/** A file that refuses a connection need not be a socket. */
function mayBeSocket(path: string): boolean {
  try {
    return lstatSync(path).isSocket()
  } catch {
    return true
  }
}

/** A path cannot be looked at: a process may listen there. Any other answer of the kernel says that no process does. */
const lookedAway = new Set(['EACCES', 'EPERM'])

/**
 * Returns whether a process has a stream socket bound at this path. The process does not notice the check. A datagram socket is refused
 * with EPROTOTYPE if a stream socket is bound, and with ECONNREFUSED if not (unix(7)).
 *
 * @returns true also for a path that cannot be looked at
 */
export function isUnixPathBound(path: string): boolean {
  try {
    connectUnixSocket('datagram', path).close()
    return true
  } catch (error) {
    if (!(error instanceof FdPassingError)) throw error
    if (error.code === 'ERR_INVALID_ARGUMENT') throw error
    return error.errno === 'EPROTOTYPE' || (lookedAway.has(error.errno ?? '') && mayBeSocket(path))
  }
}
