import { socketFileAt } from '@shellflip/fd-passing'
import { procSockets } from '@shellflip/internal'
import type { ParsedAddress } from '@shellflip/listeners/addresses'
import { socketsAt } from '@shellflip/listeners/open'
import type { LeftBehind } from '../left-behind.ts'
import { listenKey } from './take-over-listener.ts'

/**
 * Reports whether an address becomes free once the orphans end: every socket that keeps it is one of theirs. Where the
 * system does not show sockets, the record decides.
 */
export async function orphansHold(address: ParsedAddress, left: LeftBehind): Promise<boolean> {
  if (process.platform !== 'linux')
    return left.recorded.listeners.some(({ key }) => key === listenKey(address))
  if (address.type === 'unix' && isForeignFile(address.path, left)) return false
  const found = await socketsAt(address)
  const theirs = heldBy(left)
  return found.length > 0 && found.every((inode) => theirs.has(inode))
}

function heldBy(left: LeftBehind): Set<number> {
  const pids = left.orphans().flatMap(({ members }) => members.map(({ pid }) => pid))
  const shown = pids.flatMap(procSockets).map(({ inode }) => inode)
  // The kernel hides the descriptors of a program that runs with other privileges.
  return new Set(shown.length > 0 ? shown : left.recorded.listeners.map(({ inode }) => inode))
}

/** A socket keeps the name of its path after somebody else took that path. */
function isForeignFile(path: string, left: LeftBehind): boolean {
  if (path.startsWith('@')) return false
  const file = socketFileAt(path)
  const recorded = left.recorded.listeners.filter(
    ({ key }) => key === listenKey({ name: '', type: 'unix', path }),
  )
  return file === undefined || (recorded.length > 0 && recorded.every((each) => each.file !== file))
}
