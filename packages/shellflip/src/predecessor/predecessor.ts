import type { OwnedFd } from '@shellflip/fd-passing'
import type { TakenConnection } from '@shellflip/handover'
import type { StateDefinition, StateStreamDefinition } from '@shellflip/state-serialization'

/** A socket that was open before this process was. */
export type InheritedSocket = {
  readonly fd: OwnedFd
  /** A service manager made it, and keeps it: its path is not ours to unlink. */
  readonly activated: boolean
}

/**
 * Whoever had the sockets and the state before: a process that is replaced, or nobody. What it gives is taken once;
 * what is not taken is closed when this process is ready.
 */
export interface Predecessor {
  /** Undefined if this process was started anew. */
  readonly identity: { pid: number | undefined; version: string } | undefined
  /** The state, as it was saved; undefined if there is none. A stream yields its items, and must be read to its end. */
  state(
    definition: StateDefinition<unknown> | StateStreamDefinition<unknown>,
  ): Promise<unknown | AsyncIterable<unknown> | undefined>
  /** The next socket that was offered under this key. */
  socket(key: string): InheritedSocket | undefined
  /** Names the file at the path of a UNIX socket, as its owner found it. Undefined if nobody tells. */
  file(key: string): string | undefined
  /** What is left of the keys that begin with this. */
  keys(prefix: string): string[]
  /** The upgrade lock, held. */
  lock(): OwnedFd | undefined
  /** The open connections that it gives after the commit; to be asked for before. */
  connections(): AsyncIterable<TakenConnection>
  /** Tells it that this process cannot take over. */
  refuse(reason: string): void
  /**
   * Reports that this process is ready, waits for the commit, begins to serve by `activate`, reports that, and waits until the predecessor
   * lets go. A predecessor that is still there serves on until then.
   *
   * @param activate begins to serve; if it throws while the predecessor can still go on, it does, and this rejects
   */
  ready(activate: () => Promise<void>): Promise<'none' | 'draining' | 'gone'>
  /**
   * Whether it cannot go on any more: what it gave is this process's own then, to be unlinked by it if nobody follows. False where there
   * is none.
   */
  readonly committed: boolean
  /** Whether it decides at this moment: this process has reported that it serves, and cannot refuse any more. */
  readonly deciding: boolean
  /** Resolves when its process is gone, or at once where there is none. */
  readonly gone: Promise<void>
}
