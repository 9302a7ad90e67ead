import { createReadStream, fstatSync } from 'node:fs'
import type { Readable } from 'node:stream'
import { closeAll, type OwnedFd } from '@shellflip/fd-passing'
import { asError } from '@shellflip/internal'
import type { StateDefinition, StateStreamDefinition } from '@shellflip/state-serialization'
import type { FromRust } from './rust-predecessor.ts'

type Form = (StateDefinition<unknown> | StateStreamDefinition<unknown>)['form']

/**
 * Reads what an instance of the Rust crate has written into its memfd in the fd store (`sf_mem_handover`): bytes of the application, from
 * offset 0. The crate has left the offset at their end.
 *
 * Each instance of the crate stores a memfd of its own under the same name, so only the one that was changed last counts. It is empty if
 * that instance crashed.
 *
 * @param fds the memfds of that name. This closes them
 * @param form whether `fromRust` returns items, which may read the bytes later
 * @param onDiscarded gets the reason why a state is not used. The service begins without it, or it could never start
 */
export async function readRustState(
  fds: readonly OwnedFd[],
  form: Form,
  fromRust: FromRust | undefined,
  onDiscarded: (error: unknown) => void,
): Promise<unknown> {
  try {
    const newest = newestOf(fds)
    if (newest === undefined || isEmpty(newest)) return undefined
    if (fromRust !== undefined) return await decoded(readable(newest), form, fromRust)
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

/** Returns the file that was modified last. */
export function newestOf(fds: readonly OwnedFd[]): OwnedFd | undefined {
  const dated = fds.map((fd) => ({ fd, changedAt: fstatSync(fd.fd, { bigint: true }).mtimeNs }))
  return dated.reduce<(typeof dated)[number] | undefined>(
    (newest, one) => (newest === undefined || one.changedAt > newest.changedAt ? one : newest),
    undefined,
  )?.fd
}

/** Reports whether an instance has left nothing in its memfd. */
export function isEmpty(fd: OwnedFd): boolean {
  return fstatSync(fd.fd).size === 0
}

/** Reads a copy, from the beginning, because the caller closes its own descriptor before items are read. */
function readable(fd: OwnedFd): Readable {
  return createReadStream('', { fd: fd.dup().release(), start: 0 })
}

/** Closes the bytes when they are decoded. `fromRust` may throw, or leave some of them unread. */
async function decoded(bytes: Readable, form: Form, fromRust: FromRust): Promise<unknown> {
  let areItemsLeft = false
  try {
    const state = await fromRust(bytes)
    areItemsLeft = form === 'items' && isIterable(state)
    return areItemsLeft ? closingAfter(state as AsyncIterable<unknown>, bytes) : state
  } finally {
    if (!areItemsLeft) bytes.destroy()
  }
}

async function* closingAfter(items: AsyncIterable<unknown>, bytes: Readable): AsyncGenerator<unknown> {
  try {
    yield* items
  } finally {
    bytes.destroy()
  }
}

function isIterable(value: unknown): boolean {
  const { [Symbol.iterator]: each, [Symbol.asyncIterator]: later } = Object(value)
  return each !== undefined || later !== undefined
}
