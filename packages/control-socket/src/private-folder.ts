import { lstatSync, mkdirSync, type Stats, statSync } from 'node:fs'
import { ControlSocketError, errnoOf } from './control-socket-error.ts'

/**
 * Makes the folder of a control socket, for us alone (0700), or checks the one that is there: whoever can write it
 * could put a socket of their own in our place. A sticky one such as /tmp is refused too: there others can take the
 * name while we do not run.
 *
 * @throws {ControlSocketError} ERR_FORBIDDEN, ERR_SYSTEM
 */
export function makePrivateFolder(folder: string): void {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 })
    checkOwner(folder, lstatSync(folder))
    checkFolder(folder, statSync(folder))
  } catch (cause) {
    if (cause instanceof ControlSocketError) throw cause
    throw new ControlSocketError(
      errnoOf(cause) === 'EACCES' ? 'ERR_FORBIDDEN' : 'ERR_SYSTEM',
      `cannot use ${folder} for a control socket: ${(cause as Error).message}`,
      { cause },
    )
  }
}

function checkFolder(folder: string, stats: Stats): void {
  checkOwner(folder, stats)
  if ((stats.mode & 0o022) === 0) return
  const mode = (stats.mode & 0o7777).toString(8)
  throw new ControlSocketError(
    'ERR_FORBIDDEN',
    `${folder} can be written by others (mode ${mode}): use a folder of its own in it, or chmod go-w ${folder}`,
  )
}

/** The owner of a folder can replace what is in it, the owner of a symbolic link where it leads. */
function checkOwner(folder: string, { uid }: Stats): void {
  const ours = process.geteuid?.()
  if (uid === 0 || uid === ours) return
  throw new ControlSocketError(
    'ERR_FORBIDDEN',
    `${folder} belongs to uid ${uid}, neither to us (uid ${ours}) nor to root: use a folder of our own`,
  )
}
