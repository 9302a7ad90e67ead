import { closeAll, type NamedFd, type OwnedFd } from '@shellflip/fd-passing'
import { isReachable, readStoredState, storedKey } from '@shellflip/fd-store'
import { socketKinds } from '@shellflip/handover'
import { listenFds } from '@shellflip/sd-notify'
import type { StateDefinition, StateStreamDefinition } from '@shellflip/state-serialization'
import type { FromRust } from '../rust/rust-predecessor.ts'
import { isEmpty, newestOf, readRustState } from '../rust/rust-stored-state.ts'
import type { Predecessor } from './predecessor.ts'

/**
 * Stands for a start without a predecessor process. There is only what a service manager passes by LISTEN_FDS: its own sockets, and what
 * the last instance has put into its fd store.
 */
export class NoPredecessor implements Predecessor {
  readonly identity = undefined
  readonly committed = false
  readonly deciding = false
  readonly gone = Promise.resolve()
  readonly stored: Map<string, number> = new Map()
  /** The passed descriptors, by their keys. */
  readonly #passed: NamedFd[] = []
  readonly #fromRust: FromRust | undefined
  readonly #onStateDiscarded: (error: unknown) => void
  readonly #onTaken: (keys: Iterable<string>) => Promise<void>

  /**
   * @param onTaken called with the stored items that belong to this process, when it serves
   * @param fromRust decodes the state of an instance of the Rust crate
   * @throws {SdNotifyError} ERR_FD_NOT_OPEN if LISTEN_FDS promises an fd that is not open
   * @throws {SdNotifyError} ERR_INVALID_ENVIRONMENT if LISTEN_FDS has an impossible value
   */
  constructor(
    onStateDiscarded: (error: unknown) => void,
    onTaken: (keys: Iterable<string>) => Promise<void> = async () => {},
    fromRust?: FromRust,
  ) {
    this.#fromRust = fromRust
    this.#onStateDiscarded = onStateDiscarded
    this.#onTaken = onTaken
    for (const { name, fd } of listenFds()) {
      const key = storedKey(name)
      if (key === undefined) this.#passed.push({ name: socketKinds.activated + name, fd })
      else this.#takeBack(key, fd)
    }
  }

  /** Restores the state that was modified last. An older one belongs to an instance before the last one. */
  async state(
    definition: StateDefinition<unknown> | StateStreamDefinition<unknown>,
  ): Promise<unknown | AsyncIterable<unknown> | undefined> {
    const own = this.#takeAll(socketKinds.state + definition.name)
    const ofRust = this.#takeAll(socketKinds.rustState)
    const newest = newestOf([...own, ...ofRust])
    if (newest === undefined) {
      if (this.stored.size > 0) this.#onStateDiscarded(missingState(definition.name, this.stored))
      return undefined
    }
    const isOfRust = ofRust.includes(newest)
    this.#discard(isOfRust ? own : ofRust, isOfRust ? definition.name : socketKinds.rustState)
    if (isOfRust) return readRustState(ofRust, definition.form, this.#fromRust, this.#onStateDiscarded)
    try {
      return await readStoredState(newest, definition, this.#onStateDiscarded)
    } finally {
      closeAll(own)
    }
  }

  socket(key: string): NamedFd | undefined {
    const index = this.#passed.findIndex(({ name }) => name === key)
    return index === -1 ? undefined : this.#passed.splice(index, 1)[0]
  }

  file(): undefined {}

  keys(prefix: string): string[] {
    return this.#passed.map(({ name }) => name).filter((key) => key.startsWith(prefix))
  }

  lock(): undefined {}

  async *connections(): AsyncGenerator<never> {}

  refuse(): void {
    this.#close()
  }

  async ready(activate: () => Promise<void>): Promise<'none'> {
    await activate()
    this.#close()
    await this.#onTaken(this.stored.keys())
    return 'none'
  }

  /** Closes older states. The store is rid of them when this process serves. */
  #discard(older: readonly OwnedFd[], name: string): void {
    if (!older.every(isEmpty)) this.#onStateDiscarded(olderState(name))
    closeAll(older)
  }

  #takeAll(key: string): OwnedFd[] {
    const taken: OwnedFd[] = []
    for (let found = this.socket(key); found !== undefined; found = this.socket(key)) taken.push(found.fd)
    return taken
  }

  #takeBack(key: string, fd: OwnedFd): void {
    const isOfUse = isReachable(key, fd)
    this.stored.set(key, (this.stored.get(key) ?? 0) + (isOfUse ? 1 : 0))
    if (isOfUse) this.#passed.push({ name: key, fd })
    else fd.close()
  }

  /** Closes our copies. The service manager keeps its own. */
  #close(): void {
    for (const { fd } of this.#passed.splice(0)) fd.close()
  }
}

function olderState(name: string): Error {
  return new Error(`the fd store also has the state "${name}", which an instance before the last one left`)
}

function missingState(name: string, stored: ReadonlyMap<string, number>): Error {
  const others = [...stored.keys()]
    .filter((key) => key.startsWith(socketKinds.state))
    .map((key) => key.slice(socketKinds.state.length))
  return new Error(
    others.length === 0
      ? `the last instance did not leave the state "${name}". It crashed, or could not save it`
      : `the last instance left the state "${others.join('", "')}", but not "${name}"`,
  )
}
