import type { OwnedFd } from '@shellflip/fd-passing'
import { listenFds } from '@shellflip/sd-notify'
import type { StateDefinition, StateStreamDefinition } from '@shellflip/state-serialization'
import { storedKey } from '../fd-store/stored-name.ts'
import { readStoredState } from '../fd-store/stored-state.ts'
import { kinds } from '../sockets/socket-key.ts'
import type { InheritedSocket, Predecessor } from './predecessor.ts'

type Passed = { readonly key: string; readonly fd: OwnedFd }

/**
 * No process was there before: only what a service manager passes by LISTEN_FDS, its own sockets and what the last
 * instance has put into its fd store.
 */
export class FirstStart implements Predecessor {
  readonly identity = undefined
  readonly gone = Promise.resolve()
  /** The keys of what the last instance has left, each as often as it was left. */
  readonly stored: readonly string[]
  readonly #passed: Passed[]
  readonly #onStateDiscarded: (error: unknown) => void

  /** @throws {SdNotifyError} if LISTEN_FDS does not name what was passed */
  constructor(onStateDiscarded: (error: unknown) => void) {
    const passed = listenFds().map(({ name, fd }) => ({ stored: storedKey(name), name, fd }))
    this.stored = passed.flatMap(({ stored }) => stored ?? [])
    this.#passed = passed.map(({ stored, name, fd }) => ({ key: stored ?? kinds.activated + name, fd }))
    this.#onStateDiscarded = onStateDiscarded
  }

  async state(
    definition: StateDefinition<unknown> | StateStreamDefinition<unknown>,
  ): Promise<unknown | AsyncIterable<unknown> | undefined> {
    const fd = this.#take(kinds.state + definition.name)
    if (fd === undefined) {
      const other = this.stored.length === 0 ? undefined : missingState(definition.name, this.stored)
      if (other !== undefined) this.#onStateDiscarded(other)
      return undefined
    }
    try {
      return await readStoredState(fd, definition, this.#onStateDiscarded)
    } finally {
      fd.close()
    }
  }

  socket(key: string): InheritedSocket | undefined {
    const fd = this.#take(key)
    return fd && { fd, activated: key.startsWith(kinds.activated) }
  }

  keys(prefix: string): string[] {
    return this.#passed.map(({ key }) => key).filter((key) => key.startsWith(prefix))
  }

  lock(): undefined {}

  async *connections(): AsyncGenerator<never> {}

  refuse(): void {
    this.#close()
  }

  async ready(): Promise<'none'> {
    this.#close()
    return 'none'
  }

  #take(key: string): OwnedFd | undefined {
    const index = this.#passed.findIndex((passed) => passed.key === key)
    return index === -1 ? undefined : this.#passed.splice(index, 1)[0]?.fd
  }

  /** The service manager keeps its own. */
  #close(): void {
    for (const { fd } of this.#passed.splice(0)) fd.close()
  }
}

function missingState(name: string, stored: readonly string[]): Error {
  const others = stored
    .filter((key) => key.startsWith(kinds.state))
    .map((key) => key.slice(kinds.state.length))
  return new Error(
    others.length === 0
      ? `the last instance has left no state "${name}": it crashed, or could not save it`
      : `the last instance has left the state "${others.join('", "')}", and none that is called "${name}"`,
  )
}
