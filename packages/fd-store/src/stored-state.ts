import { createReadStream } from 'node:fs'
import type { OwnedFd } from '@shellflip/fd-passing'
import type { StateDefinition, StateStreamDefinition } from '@shellflip/state-serialization'

/**
 * Reads a state that the last instance has left. A service that could not start because of that state would never start again. So a damaged
 * or unknown state is reported and ignored, and never used in part.
 */
export async function readStoredState(
  fd: OwnedFd,
  definition: StateDefinition<unknown> | StateStreamDefinition<unknown>,
  onDiscarded: (error: unknown) => void,
): Promise<unknown | AsyncIterable<unknown> | undefined> {
  try {
    if (definition.form === 'value') return await definition.decode(bytesOf(fd))
    // It is read twice, because only its end shows that it is whole and understood.
    for await (const _ of definition.decode(bytesOf(fd)));
    return definition.decode(bytesOf(fd))
  } catch (error) {
    onDiscarded(error)
    return undefined
  }
}

/** Reads from the beginning, because every owner of this descriptor shares its offset. */
function bytesOf(fd: OwnedFd) {
  return createReadStream('', { fd: fd.dup().release(), start: 0 })
}
