import type { OwnedFd } from '@shellflip/fd-passing'
import type { TakenConnection } from '@shellflip/handover'
import type { SocketSource } from '@shellflip/listeners'
import type { StateDefinition, StateStreamDefinition } from '@shellflip/state-serialization'

/**
 * The previous owner of the sockets and the state: a process that is replaced, or none. Each of them can be taken once. The rest is closed
 * when this process is ready.
 */
export interface Predecessor extends SocketSource {
  /** Counts the usable descriptors of each key that the last instance has left in the fd store. */
  readonly stored: ReadonlyMap<string, number>
  /** Undefined if no process was there before. */
  readonly identity: { pid: number | undefined; version: string } | undefined
  /** Returns the state as it was saved, or undefined if there is none. A stream yields its items, and must be read to its end. */
  state(
    definition: StateDefinition<unknown> | StateStreamDefinition<unknown>,
  ): Promise<unknown | AsyncIterable<unknown> | undefined>
  /** Returns the upgrade lock, held. */
  lock(): OwnedFd | undefined
  /** Returns the open connections that it gives after the commit. Call this before the commit. */
  connections(): AsyncIterable<TakenConnection>
  /**
   * Reports that this process is ready, waits for the commit, and begins to serve by `activate`. Then reports that, and waits until the
   * predecessor lets go. A predecessor that is still alive keeps serving until then.
   *
   * @param activate begins to serve. If it throws while the predecessor can still continue, the predecessor does, and this rejects
   */
  ready(activate: () => Promise<void>): Promise<'none' | 'draining' | 'gone'>
  /** Whether the predecessor decides at this moment. This process has reported that it serves, and cannot refuse any more. */
  readonly deciding: boolean
  /** Resolves when the predecessor has exited, or at once if there is none. */
  readonly gone: Promise<void>
}
