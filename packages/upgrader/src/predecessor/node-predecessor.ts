import type { NamedFd, OwnedFd } from '@shellflip/fd-passing'
import { type HandoverChannel, type TakenConnection, type Takeover, takeOver } from '@shellflip/handover'
import type { StateDefinition, StateIdentity, StateStreamDefinition } from '@shellflip/state-serialization'
import { ShellflipError } from '../shellflip-error.ts'
import type { Predecessor } from './predecessor.ts'

/** A process of this library that has started this one, at the other end of a handover channel. */
export class NodePredecessor implements Predecessor {
  readonly stored = new Map<string, number>()
  readonly #takeover: Takeover
  readonly #taken: string[] = []

  /** @throws {HandoverError} as {@link takeOver} */
  static async open(
    channel: HandoverChannel,
    state: StateIdentity | undefined,
    timeoutMs: number,
  ): Promise<NodePredecessor> {
    return new NodePredecessor(
      await takeOver(channel, { states: state === undefined ? [] : [state], timeoutMs }),
    )
  }

  private constructor(takeover: Takeover) {
    this.#takeover = takeover
  }

  get identity(): { pid: number; version: string } {
    return this.#takeover.predecessor
  }

  get committed(): boolean {
    return this.#takeover.committed
  }

  get deciding(): boolean {
    return this.#takeover.deciding
  }

  get gone(): Promise<void> {
    return this.#takeover.predecessorGone
  }

  async state(
    definition: StateDefinition<unknown> | StateStreamDefinition<unknown>,
  ): Promise<unknown | AsyncIterable<unknown> | undefined> {
    if (this.#takeover.offeredState === undefined) return undefined
    return definition.form === 'items' ? this.#takeover.items(definition) : this.#takeover.state(definition)
  }

  socket(key: string): NamedFd | undefined {
    const fd = this.#takeover.socket(key)
    if (fd === undefined) return undefined
    this.#taken.push(key)
    return { name: key, fd }
  }

  file(key: string): string | undefined {
    return this.#takeover.sockets.find(({ name }) => name === key)?.file
  }

  keys(prefix: string): string[] {
    const left = this.#takeover.sockets.map(({ name }) => name).filter((name) => name.startsWith(prefix))
    for (const key of this.#taken) if (left.includes(key)) left.splice(left.indexOf(key), 1)
    return left
  }

  lock(): OwnedFd | undefined {
    return this.#takeover.lock()
  }

  connections(): AsyncIterable<TakenConnection> {
    return untilGone(this.#takeover)
  }

  refuse(reason: string): void {
    this.#takeover.refuse(reason)
  }

  async ready(activate: () => Promise<void>): Promise<'draining' | 'gone'> {
    if (!this.#takeover.hasReadState) {
      throw new ShellflipError(
        'ERR_STATE_NOT_READ',
        'flip.state was not read to its end. Read it before flip.ready(): for await (const item of flip.state) …',
      )
    }
    const { predecessor } = await this.#takeover.ready(activate)
    return predecessor
  }
}

/** Releases the takeover when the predecessor has exited and everything that it gave is served. */
function untilGone(takeover: Takeover): AsyncIterable<TakenConnection> {
  const connections = takeover.connections()
  return (async function* () {
    yield* connections
    takeover.close()
  })()
}
