import type { OwnedFd } from '@shellflip/fd-passing'
import {
  fromFile,
  type StateDefinition,
  type StateReader,
  type StateStreamDefinition,
} from '@shellflip/state-serialization'

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
    if (definition.form === 'value') return await definition.decode(fromFile(fd.fd))
    // It is read twice, because only its end shows that it is whole and understood.
    for await (const _ of definition.decode(fromFile(fd.fd)));
    return definition.decode(readAndClose(fd.dup()))
  } catch (error) {
    onDiscarded(error)
    return undefined
  }
}

/** Takes a copy, because the caller closes its own descriptor before the items are read. */
function readAndClose(copy: OwnedFd): StateReader {
  return { ...fromFile(copy.fd), close: () => copy.close() }
}
