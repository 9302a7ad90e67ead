import { type BigIntStats, lstatSync, rmSync } from 'node:fs'
import { dirname } from 'node:path'
import { listenUnix, type OwnedFd } from '@shellflip/fd-passing'
import { ControlSocketError, errnoOf } from './control-socket-error.ts'
import { lockFolder } from './folder-lock.ts'
import { makePrivateFolder } from './private-folder.ts'
import { checkedPath } from './socket-path.ts'
import { isSomebodyThere } from './somebody-there.ts'

/** A socket path that is ours as long as the same inode stands there. */
export class ClaimedPath {
  readonly path: string
  readonly #inode: bigint | undefined

  /** A path at which a listener of ours stands already. */
  constructor(path: string) {
    this.path = path
    this.#inode = inodeAt(path)?.ino
  }

  /**
   * Unlinks the path, if it is still ours. To be called while the listener is open: nobody takes a live path, and
   * the kernel does not give the inode number of a bound socket to another file.
   */
  unlink(): void {
    if (this.#inode !== undefined && inodeAt(this.path)?.ino === this.#inode)
      rmSync(this.path, { force: true })
  }
}

/**
 * Binds and listens at a path of ours alone: one that a live process holds is refused, one that a dead process left
 * is taken over.
 */
export async function claimPath(wanted: string): Promise<{ listener: OwnedFd; claimed: ClaimedPath }> {
  const path = checkedPath(wanted)
  const folder = dirname(path)
  makePrivateFolder(folder)
  using _ = await lockFolder(folder)
  await clear(path)
  const listener = bind(path)
  return { listener, claimed: new ClaimedPath(path) }
}

async function clear(path: string): Promise<void> {
  const found = inodeAt(path)
  if (found === undefined) return
  if (found.isSymbolicLink()) {
    throw new ControlSocketError(
      'ERR_FORBIDDEN',
      `${path} is a symbolic link: name the place itself, or remove it`,
    )
  }
  if (!found.isSocket()) {
    throw new ControlSocketError(
      'ERR_PATH_IN_USE',
      `${path} is ${kindOf(found)}, no socket: choose another path`,
    )
  }
  if (await isSomebodyThere(path)) {
    throw new ControlSocketError(
      'ERR_PATH_IN_USE',
      `a live process listens at ${path}: stop it, or choose another path`,
    )
  }
  rmSync(path, { force: true })
}

function bind(path: string): OwnedFd {
  try {
    return listenUnix({ path, mode: 0o600 })
  } catch (cause) {
    const code = errnoOf(cause) === 'EACCES' ? 'ERR_FORBIDDEN' : 'ERR_SYSTEM'
    throw new ControlSocketError(code, `cannot listen at ${path}: ${(cause as Error).message}`, { cause })
  }
}

function inodeAt(path: string): BigIntStats | undefined {
  return lstatSync(path, { bigint: true, throwIfNoEntry: false })
}

function kindOf(stats: BigIntStats): string {
  if (stats.isDirectory()) return 'a folder'
  return stats.isFile() ? 'a regular file' : 'a special file'
}
