import type { OwnedFd } from '@shellflip/fd-passing'
import type { TakenConnection } from '@shellflip/handover'
import type { InheritedSockets } from '@shellflip/listeners'
import type { StateDefinition, StateStreamDefinition } from '@shellflip/state-serialization'

/**
 * Whoever had the sockets and the state before: a process that is replaced, or nobody. What it gives is taken once;
 * what is not taken is closed when this process is ready.
 */
export interface Predecessor extends InheritedSockets {
  /** What the last instance has left in the fd store: how many of each key are of use. */
  readonly stored: ReadonlyMap<string, number>
  /** Undefined if this process was started anew. */
  readonly identity: { pid: number | undefined; version: string } | undefined
  /** The state, as it was saved; undefined if there is none. A stream yields its items, and must be read to its end. */
  state(
    definition: StateDefinition<unknown> | StateStreamDefinition<unknown>,
  ): Promise<unknown | AsyncIterable<unknown> | undefined>
  /** The upgrade lock, held. */
  lock(): OwnedFd | undefined
  /** The open connections that it gives after the commit; to be asked for before. */
  connections(): AsyncIterable<TakenConnection>
  /**
   * Reports that this process is ready, waits for the commit, begins to serve by `activate`, reports that, and waits until the predecessor
   * lets go. A predecessor that is still there serves on until then.
   *
   * @param activate begins to serve; if it throws while the predecessor can still go on, it does, and this rejects
   */
  ready(activate: () => Promise<void>): Promise<'none' | 'draining' | 'gone'>
  /** Whether it decides at this moment: this process has reported that it serves, and cannot refuse any more. */
  readonly deciding: boolean
  /** Resolves when its process is gone, or at once where there is none. */
  readonly gone: Promise<void>
}
