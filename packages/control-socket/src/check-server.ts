import { statSync } from 'node:fs'
import type { Socket } from 'node:net'
import { dirname } from 'node:path'
import { privateFolderFault } from '@shellflip/internal'
import { isTrusted, peerOf } from './admission.ts'
import { ControlSocketError } from './control-socket-error.ts'

/**
 * Refuses a server that another user may have put at the path. The kernel attests who called listen() on it (SO_PEERCRED). The client
 * trusts three kinds of server:
 *
 * - The server runs as root or as our own user.
 * - We are root, and the server runs as the owner of the folder. Root that names a folder means its owner.
 * - Only we and root can put a socket into the folder. Such a server is a service that gave up root and passed its listener on to a
 * successor of another uid.
 *
 * @throws {ControlSocketError} ERR_CONTROL_FORBIDDEN
 * @throws {ControlSocketError} ERR_CLOSED_EARLY
 */
export function checkServer(socket: Socket, path: string): void {
  const server = peerOf(socket)
  if (server === undefined) {
    throw new ControlSocketError('ERR_CLOSED_EARLY', `the server at ${path} closed during the connect`)
  }
  if (isTrusted(server)) return
  const folder = dirname(path)
  if (process.geteuid?.() === 0 && ownerOf(folder) === server.uid) return
  if (isPrivate(folder)) return
  throw new ControlSocketError(
    'ERR_CONTROL_FORBIDDEN',
    `uid ${server.uid} listens at ${path}, not root or uid ${process.geteuid?.()}. Its answer could be forged. ` +
      `Nothing was sent. Check the owner of ${folder}, or send the request as uid ${server.uid}.`,
  )
}

function ownerOf(folder: string): number | undefined {
  return statSync(folder, { throwIfNoEntry: false })?.uid
}

/** A folder that cannot be examined is not known to be private. */
function isPrivate(folder: string): boolean {
  try {
    return privateFolderFault(folder) === undefined
  } catch {
    return false
  }
}
