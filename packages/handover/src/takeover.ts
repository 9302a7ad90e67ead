import type { NamedFd, OwnedFd } from '@shellflip/fd-passing'
import { messageOf } from '@shellflip/internal'
import {
  type StateDefinition,
  StateError,
  type StateIdentity,
  type StateStreamDefinition,
} from '@shellflip/state-serialization'
import type { HandoverChannel } from './handover-channel.ts'
import { HandoverError } from './handover-error.ts'
import { hearPredecessor } from './hear-predecessor.ts'
import { IncomingConnections } from './incoming-connections.ts'
import { IncomingState } from './incoming-state.ts'
import type { Manifest, ManifestSocket } from './messages.ts'
import type { TakenConnection } from './taken-connection.ts'

/** The result of {@link Takeover.ready}: this process serves, beside a draining predecessor or alone. */
export type Commitment = { predecessor: 'draining' | 'gone' }

type Received = {
  channel: HandoverChannel
  manifest: Manifest
  fds: readonly OwnedFd[]
  timeoutMs: number
}

/** `reported`: this process serves and has reported so, and the predecessor has yet to let go. */
type Phase = 'preparing' | 'ready' | 'reported' | 'committed' | 'over'

const phases: Record<Phase, string> = {
  preparing: 'ready() was not called yet',
  ready: 'ready() was called before',
  reported: 'this process has reported that it serves',
  committed: 'this process serves',
  over: 'this takeover was closed or refused',
}

/** Holds what a predecessor has given, until this process reports that it is ready, or that it cannot take over. */
export class Takeover implements Disposable {
  readonly predecessor: Manifest['predecessor']
  /** The offered sockets, taken or not, in the predecessor's order. */
  readonly sockets: readonly ManifestSocket[]
  /** Name and version of the offered state, if there is one. */
  readonly offeredState: StateIdentity | undefined
  /** Resolves after {@link ready}, when the predecessor has exited. It does not keep this process alive. */
  readonly predecessorGone: Promise<void>
  readonly #channel: HandoverChannel
  readonly #timeoutMs: number
  readonly #unclaimed: (ManifestSocket & NamedFd)[]
  #lock: OwnedFd | undefined
  #phase: Phase = 'preparing'
  #state: IncomingState | 'none' | 'unread'
  readonly #connections: IncomingConnections
  #announceGone: () => void = () => {}

  /** Called by `takeOver`. @internal */
  constructor({ channel, manifest, fds, timeoutMs }: Received) {
    this.predecessor = manifest.predecessor
    this.sockets = manifest.sockets
    this.offeredState = manifest.state ?? undefined
    this.predecessorGone = new Promise((resolve) => {
      this.#announceGone = resolve
    })
    this.#channel = channel
    this.#connections = new IncomingConnections(channel)
    this.#timeoutMs = timeoutMs
    this.#unclaimed = manifest.sockets.map((socket, index) => ({ ...socket, fd: fds[index] as OwnedFd }))
    this.#lock = manifest.lock ? fds.at(-1) : undefined
    this.#state = manifest.state === null ? 'none' : 'unread'
  }

  /**
   * Whether the predecessor can no longer continue: it has let go, or it has exited. Everything that it gave, including paths in the file
   * system, then belongs to this process.
   */
  get committed(): boolean {
    return this.#phase === 'committed'
  }

  /** Whether the state is read to its end, as {@link ready} requires. */
  get hasReadState(): boolean {
    return this.#state === 'none' || (this.#state instanceof IncomingState && this.#state.ended)
  }

  /** Whether the predecessor decides at this moment. This process has reported that it serves, and cannot refuse any more. */
  get deciding(): boolean {
    return this.#phase === 'reported'
  }

  /** Takes the next socket of this name, which the caller then owns. Undefined if there is none, or none left. */
  socket(name: string): OwnedFd | undefined {
    const index = this.#unclaimed.findIndex((socket) => socket.name === name)
    return index === -1 ? undefined : this.#unclaimed.splice(index, 1)[0]?.fd
  }

  /** Takes the descriptor of the upgrade lock, if one was given. The caller then owns it, and passes it to `UpgradeLock.adopt`. */
  lock(): OwnedFd | undefined {
    const lock = this.#lock
    this.#lock = undefined
    return lock
  }

  /**
   * Reads a state that is one value: migrated, and checked by its schema. Undefined if the predecessor gives none of this name. If it
   * fails, the predecessor learns the reason, and this takeover is over.
   *
   * @throws {HandoverError} ERR_STATE
   * @throws {HandoverError} ERR_PREDECESSOR_GONE
   * @throws {HandoverError} ERR_REFUSED
   * @throws {HandoverError} ERR_PREDECESSOR_SILENT
   * @throws {HandoverError} ERR_PROTOCOL
   * @throws {HandoverError} ERR_OUT_OF_TURN
   */
  async state<T>(definition: StateDefinition<T>): Promise<T | undefined> {
    if (this.offeredState?.name !== definition.name) return undefined
    const source = this.#beginState()
    try {
      return await definition.decode(source)
    } catch (error) {
      throw this.#failed(error)
    }
  }

  /**
   * Yields the items of a state that is a stream, as they arrive. There are none if the predecessor gives none of this name. All are there
   * when the iteration has ended without an error. It must end before {@link ready}.
   *
   * @throws {HandoverError} as {@link state}
   */
  async *items<T>(definition: StateStreamDefinition<T>): AsyncGenerator<T, void, void> {
    if (this.offeredState?.name !== definition.name) return
    const items = definition.decode(this.#beginState())[Symbol.asyncIterator]()
    try {
      for (;;) {
        const { done, value } = await items.next().catch((error: unknown) => {
          throw this.#failed(error)
        })
        if (done) return
        yield value
      }
    } finally {
      await items.return?.()
    }
  }

  /**
   * Returns the open connections that the predecessor gives while it drains, until it exits. Call it before {@link ready}, or as soon as
   * that has resolved. Otherwise the connections are refused, and stay with the predecessor. Leaving the loop refuses later ones. Accept or
   * refuse each: until then no process serves it.
   *
   * @throws {HandoverError} ERR_OUT_OF_TURN if it was called before
   */
  connections(): AsyncIterable<TakenConnection> {
    if (!this.#connections.take()) throw outOfTurn('connections() was called before. Call it once.')
    return this.#connections
  }

  /** Reports to the predecessor that this process cannot take over, and why. Closes everything that was not taken. */
  refuse(reason: string): void {
    if (this.#phase !== 'preparing' && this.#phase !== 'ready') return
    this.#channel.refuse(reason)
    this.#end()
  }

  /**
   * Reports that this process is ready, waits for the predecessor's "commit", and begins to serve by `activate`. Then reports that it
   * serves, and waits until the predecessor lets go. Everything that was not taken is closed then. The channel stays open until the
   * predecessor exits. A predecessor that has exited after it gave everything needs no commit: `activate` is called as well.
   *
   * The predecessor keeps serving until it knows that this process serves. So it can still continue alone if `activate` fails, or if this
   * process exits in it. Change nothing in `activate` that the predecessor needs.
   *
   * @param activate begins to serve. If it throws, the predecessor continues and gets the reason
   * @throws {HandoverError} ERR_REFUSED if the predecessor keeps serving. Close what was taken, and exit this process
   * @throws {HandoverError} ERR_OUT_OF_TURN if the state was not read to its end
   * @throws {unknown} if `activate` throws. The value is what it threw
   */
  async ready(activate: () => void | Promise<void> = () => {}): Promise<Commitment> {
    this.#check('preparing', 'call ready()')
    if (!this.hasReadState) {
      throw outOfTurn(
        'the state was not read to its end. Read it by state() or items() before you call ready().',
      )
    }
    this.#phase = 'ready'
    await this.#channel.send('ready')
    // Without a timeout: only the predecessor knows whether this arrived in time, and a silent predecessor is alive.
    const verdict = await this.#committed()
    this.#check('ready', 'commit')
    const predecessor =
      verdict === 'gone' ? await this.#goOnAlone(activate) : await this.#goOnBeside(activate)
    this.#closeUnclaimed()
    this.#channel.unref()
    void this.#untilGone()
    return { predecessor }
  }

  /** Closes the channel and everything that was not taken. A predecessor that waits for {@link ready} continues. */
  close(): void {
    this.#channel.close()
    this.#end()
  }

  [Symbol.dispose](): void {
    this.close()
  }

  #beginState(): IncomingState {
    this.#check('preparing', 'read the state')
    if (this.#state !== 'unread') throw outOfTurn('the state was read before. Read it once.')
    this.#state = new IncomingState(this.#channel, this.#timeoutMs)
    return this.#state
  }

  async #goOnBeside(activate: () => void | Promise<void>): Promise<'draining' | 'gone'> {
    try {
      await activate()
      this.#check('ready', 'report that this process serves')
      this.#phase = 'reported'
      await this.#channel.send('serving')
    } catch (error) {
      throw this.#failed(error)
    }
    const predecessor = await this.#released()
    this.#phase = 'committed'
    return predecessor
  }

  async #goOnAlone(activate: () => void | Promise<void>): Promise<'gone'> {
    this.#phase = 'committed'
    await activate()
    return 'gone'
  }

  async #committed(): Promise<'draining' | 'gone'> {
    try {
      await hearPredecessor(this.#channel, ['commit'])
      return 'draining'
    } catch (error) {
      if (isGone(error)) return 'gone'
      throw this.#failed(error)
    }
  }

  /**
   * Waits for the predecessor's verdict, while this process serves. It steps back only if the predecessor reports that it continues. A
   * predecessor that has let go may have sent anything else, or something that cannot be read.
   */
  async #released(): Promise<'draining' | 'gone'> {
    try {
      await hearPredecessor(this.#channel, ['released'])
      return 'draining'
    } catch (error) {
      if (error instanceof HandoverError && error.code === 'ERR_REFUSED') throw this.#failed(error)
      return isGone(error) ? 'gone' : 'draining'
    }
  }

  async #untilGone(): Promise<void> {
    // The channel was closed by close(): a caller that stopped needs no report.
    if (await this.#connections.receiveAll()) this.#announceGone()
  }

  /** Ends the takeover with this error. Reports it to the predecessor, unless the predecessor sent it. */
  #failed(error: unknown): unknown {
    const said = error instanceof StateError && error.cause instanceof HandoverError ? error.cause : error
    const failure = said instanceof StateError ? refusedState(said) : said
    this.#channel.refuse(messageOf(failure))
    this.#end()
    return failure
  }

  #check(phase: Phase, what: string): void {
    if (this.#phase !== phase) throw outOfTurn(`cannot ${what}: ${phases[this.#phase]}.`)
  }

  #end(): void {
    if (!this.committed) this.#phase = 'over'
    this.#closeUnclaimed()
  }

  #closeUnclaimed(): void {
    for (const { fd } of this.#unclaimed.splice(0)) closeUnwanted(fd)
    const lock = this.lock()
    if (lock !== undefined) closeUnwanted(lock)
  }
}

/** Closes without a failure, because this process may already serve. Linux closes a descriptor even if it reports an error (close(2)). */
function closeUnwanted(fd: OwnedFd): void {
  try {
    fd.close()
  } catch {
    // The descriptor is not needed.
  }
}

function isGone(error: unknown): boolean {
  return error instanceof HandoverError && error.code === 'ERR_PREDECESSOR_GONE'
}

function refusedState(cause: StateError): HandoverError {
  return new HandoverError('ERR_STATE', `the predecessor's state cannot be taken over: ${cause.message}`, {
    cause,
  })
}

function outOfTurn(what: string): HandoverError {
  return new HandoverError('ERR_OUT_OF_TURN', what)
}
