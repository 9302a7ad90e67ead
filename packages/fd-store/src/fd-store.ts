import { writeSync } from 'node:fs'
import { memfd, type NamedFd, type OwnedFd } from '@shellflip/fd-passing'
import { type OfferedState, socketKinds } from '@shellflip/handover'
import type { Notifier, NotifyOutcome } from '@shellflip/sd-notify'
import { toFile } from '@shellflip/state-serialization'
import { FdStoreError } from './fd-store-error.ts'
import { isState, isStorable, storedName } from './stored-name.ts'

export type SaveStateOptions = {
  /** Ends the saving. The store keeps what it has. */
  readonly signal?: AbortSignal
  /** Called at the beginning, and each time a part of the state is written. */
  readonly onProgress?: () => void
}

/**
 * systemd's fd store (FileDescriptorStoreMax=). Its content outlives this process, and comes back to the next instance by LISTEN_FDS. The
 * manager keeps what it passes out, so each name is stored once, and again only if it has changed.
 */
export class FdStore {
  readonly #notifier: Notifier
  readonly #max: number
  /** Counts the usable descriptors of each key in the store. */
  readonly #stored: Map<string, number>
  /** Orders the changes: each begins with what the one before has left. */
  #last: Promise<unknown> = Promise.resolve()

  /**
   * @param stored the usable descriptors of each key that the last instance has left
   * @throws {FdStoreError} ERR_NO_FD_STORE
   */
  static open(notifier: Notifier, env: NodeJS.ProcessEnv, stored: ReadonlyMap<string, number>): FdStore {
    const max = Number(env.FDSTORE)
    if (notifier.hasManager && max > 0) return new FdStore(notifier, max, stored)
    throw new FdStoreError(
      'ERR_NO_FD_STORE',
      'the service manager keeps no descriptors for this process (FDSTORE is not in its environment). Set ' +
        'FileDescriptorStoreMax= in the unit, and leave NotifyAccess= at main, under systemd 254 or later',
    )
  }

  private constructor(notifier: Notifier, max: number, stored: ReadonlyMap<string, number>) {
    this.#notifier = notifier
    this.#max = max
    this.#stored = new Map(stored)
  }

  /**
   * Keeps these sockets in the store and removes all other sockets, so that these survive a crash of this process. It does not store a
   * socket again that is in the store already, so one key always has the same sockets.
   *
   * @throws {FdStoreError} ERR_NO_FD_STORE if there are more than the store takes together with a state
   */
  keepSockets(sockets: readonly NamedFd[]): Promise<void> {
    const wanted = new Map<string, OwnedFd[]>()
    for (const { name, fd } of sockets) {
      if (isStorable(name)) wanted.set(name, [...(wanted.get(name) ?? []), fd])
    }
    return this.#inTurn(async () => {
      this.#checkRoom([...wanted.values()].flat().length)
      for (const key of this.#stored.keys()) {
        if (!wanted.has(key) && !isState(key)) await this.#remove(key)
      }
      for (const [key, fds] of wanted) {
        if (this.#stored.get(key) !== fds.length) await this.#store(key, fds)
      }
    })
  }

  /** Removes the restored state, so that a crash cannot restore it again. */
  dropState(): Promise<void> {
    return this.#inTurn(async () => {
      for (const key of this.#stored.keys()) if (isState(key)) await this.#remove(key)
    })
  }

  /**
   * Writes the whole state into a new memfd, and only then replaces the stored one by it.
   *
   * @throws {StateError} as {@link StateDefinition.encode}
   * @throws {StateError} ERR_STATE_UNWRITABLE if the system does not take the bytes
   * @throws {Error} if the manager does not store them
   * @throws {unknown} if the signal is aborted. The value is its reason
   */
  async saveState(
    state: OfferedState<unknown>,
    { signal, onProgress }: SaveStateOptions = {},
  ): Promise<void> {
    const { name } = state.definition
    const fd = memfd('shellflip-state')
    onProgress?.()
    try {
      if ('items' in state) {
        const chunks = state.definition.encode(state.items as Iterable<unknown>, { reusesChunks: true })
        await toFile(fd.fd, watched(chunks, signal, onProgress))
      } else {
        state.definition.encodeTo(writerTo(fd.fd, onProgress), state.value)
        signal?.throwIfAborted()
      }
      await this.#inTurn(() => this.#store(socketKinds.state + name, [fd]))
    } finally {
      fd.close()
    }
  }

  /** Resolves when the manager has received everything. It may drop what an exited process has sent. */
  async settled(): Promise<void> {
    await done(this.#notifier.barrier())
  }

  #checkRoom(sockets: number): void {
    if (sockets + 1 <= this.#max) return
    throw new FdStoreError(
      'ERR_NO_FD_STORE',
      `FileDescriptorStoreMax=${this.#max} is too few for ${sockets} sockets and the state. systemd would close those ` +
        `above it. Set it to ${sockets + 1} or more`,
    )
  }

  /** Stores without polling. systemd drops what reports EPOLLHUP or EPOLLERR, as a UDP socket does for a mere ICMP error. */
  async #store(key: string, fds: readonly OwnedFd[]): Promise<void> {
    await done(this.#notifier.storeFd(storedName(key), fds, { poll: false }))
    this.#stored.set(key, fds.length)
  }

  async #remove(key: string): Promise<void> {
    await done(this.#notifier.removeFd(storedName(key)))
    this.#stored.delete(key)
  }

  #inTurn(change: () => Promise<void>): Promise<void> {
    const changed = this.#last.then(change)
    this.#last = changed.catch(() => {})
    return changed
  }
}

async function done(telling: Promise<NotifyOutcome>): Promise<void> {
  const outcome = await telling
  if (outcome.type === 'failed') throw outcome.error
}

/** Writes to a file in memory, which never makes this process wait. */
function writerTo(fd: number, onProgress: (() => void) | undefined): (bytes: Uint8Array) => void {
  let position = 0
  return (bytes) => {
    for (let at = 0; at < bytes.length; ) {
      const count = writeSync(fd, bytes, at, bytes.length - at, position)
      at += count
      position += count
    }
    onProgress?.()
  }
}

/** The consumer asks for the next chunk when it has written the one before. */
async function* watched(
  chunks: AsyncIterable<Buffer>,
  signal: AbortSignal | undefined,
  onProgress: (() => void) | undefined,
): AsyncGenerator<Buffer, void> {
  for await (const chunk of chunks) {
    yield chunk
    signal?.throwIfAborted()
    onProgress?.()
  }
}
