import { createReadStream, fstatSync } from 'node:fs'
import type { Readable } from 'node:stream'
import { closeAll, type OwnedFd } from '@shellflip/fd-passing'
import { asError } from '@shellflip/internal'
import type { FromRust } from './rust-predecessor.ts'

/**
 * Reads what an instance of the Rust crate has written into its memfd in the fd store (`sf_mem_handover`): bytes of the application, from
 * offset 0. The crate has left the offset at their end.
 *
 * Each instance of the crate stores a memfd of its own under the same name, so only the one that was changed last counts. It is empty if
 * that instance crashed.
 *
 * @param fds the memfds of that name. This closes them
 * @param onDiscarded gets the reason why a state is not used. The service begins without it, or it could never start
 */
export async function readRustState(
  fds: readonly OwnedFd[],
  fromRust: FromRust | undefined,
  onDiscarded: (error: unknown) => void,
): Promise<unknown> {
  try {
    const newest = newestOf(fds)
    if (newest === undefined || fstatSync(newest.fd).size === 0) return undefined
    if (fromRust !== undefined) return await fromRust(readable(newest))
    throw new Error(
      'the last instance is of the Rust crate, and left its state in the fd store. Set fromRust to read it',
    )
  } catch (error) {
    onDiscarded(asError(error))
    return undefined
  } finally {
    closeAll(fds)
  }
}

function newestOf(fds: readonly OwnedFd[]): OwnedFd | undefined {
  const dated = fds.map((fd) => ({ fd, changedAt: fstatSync(fd.fd, { bigint: true }).mtimeNs }))
  return dated.reduce<(typeof dated)[number] | undefined>(
    (newest, one) => (newest === undefined || one.changedAt > newest.changedAt ? one : newest),
    undefined,
  )?.fd
}

/** Reads a copy, from the beginning, so that the program may read it later as well. */
function readable(fd: OwnedFd): Readable {
  return createReadStream('', { fd: fd.dup().release(), start: 0 })
}
