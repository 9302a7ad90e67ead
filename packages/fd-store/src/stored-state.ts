import { createReadStream } from 'node:fs'
import type { OwnedFd } from '@shellflip/fd-passing'
import type { StateDefinition, StateStreamDefinition } from '@shellflip/state-serialization'

/**
 * Reads a state that the last instance has left. A service that cannot start for what its last instance left would never
 * start again: so what is damaged, or not understood, is told and left, and never half of it is used.
 */
export async function readStoredState(
  fd: OwnedFd,
  definition: StateDefinition<unknown> | StateStreamDefinition<unknown>,
  onDiscarded: (error: unknown) => void,
): Promise<unknown | AsyncIterable<unknown> | undefined> {
  try {
    if (definition.form === 'value') return await definition.decode(bytesOf(fd))
    // Twice: that all of it is there and understood is known at its end only.
    for await (const _ of definition.decode(bytesOf(fd)));
    return definition.decode(bytesOf(fd))
  } catch (error) {
    onDiscarded(error)
    return undefined
  }
}

/** From the beginning: whoever has this descriptor shares its offset. */
function bytesOf(fd: OwnedFd) {
  return createReadStream('', { fd: fd.dup().release(), start: 0 })
}
