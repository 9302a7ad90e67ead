import { closeAll, type OwnedFd } from '@shellflip/fd-passing'
import { ConnectionAnswers } from './connection-answers.ts'
import { type ConnectionMessage, decodeConnections, maxUnanswered } from './connection-message.ts'
import type { HandoverChannel } from './handover-channel.ts'
import { HandoverError, protocolError } from './handover-error.ts'
import type { ChannelMessage } from './message-socket.ts'
import { encodeReason } from './messages.ts'
import { TakenConnection } from './taken-connection.ts'

/** The connections that arrive after the commit, for one taker. Without a taker, or when it has stopped, they are refused. */
export class IncomingConnections implements AsyncIterableIterator<TakenConnection, void> {
  readonly #channel: HandoverChannel
  readonly #answers: ConnectionAnswers
  readonly #unanswered = new Map<number, TakenConnection>()
  readonly #arrived: TakenConnection[] = []
  readonly #asking: ((result: IteratorResult<TakenConnection, void>) => void)[] = []
  #isTaken = false
  #isOver = false
  #onAllAnswered: () => void = () => {}

  constructor(channel: HandoverChannel) {
    this.#channel = channel
    this.#answers = new ConnectionAnswers(channel)
  }

  /** Registers a taker. @returns whether that is the first one */
  take(): boolean {
    const isFirst = !this.#isTaken
    this.#isTaken = true
    return isFirst
  }

  /**
   * Receives until the predecessor has exited. If it sends something else, nothing more is received. A connection that was not accepted by
   * then stays with it.
   *
   * @returns false if this side has closed the channel
   */
  async receiveAll(): Promise<boolean> {
    // The wait lets a caller that waits for the commit request the connections before the first of them is handled.
    await new Promise((resolve) => setImmediate(resolve))
    try {
      for (;;) {
        const message = await this.#channel.receive()
        if (message === null) break
        this.#arrive(message)
      }
    } catch (error) {
      if (isFdLost(error)) await this.#allAnswered()
      else this.#revokeAll()
      if (!this.#channel.closed) await this.#giveUp(error as Error)
    }
    this.#end()
    return !this.#channel.closed
  }

  next(): Promise<IteratorResult<TakenConnection, void>> {
    const value = this.#arrived.shift()
    if (value !== undefined) return Promise.resolve({ done: false, value })
    if (this.#isOver) return Promise.resolve({ done: true, value: undefined })
    return new Promise((resolve) => this.#asking.push(resolve))
  }

  /** Stops taking. It refuses the connections that arrived and were not handled, and those that still arrive. */
  async return(): Promise<IteratorResult<TakenConnection, void>> {
    this.#end()
    for (const connection of this.#arrived.splice(0)) connection.refuse()
    return { done: true, value: undefined }
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  #arrive({ type, payload, fds }: ChannelMessage): void {
    try {
      if (type !== 'connections') throw protocolError(`"${type}" comes where connections are expected`)
      const messages = decodeConnections(payload)
      if (messages.length === 0 || messages.length !== fds.length)
        throw protocolError(`${messages.length} connections came with ${fds.length} descriptors`)
      const connections = messages.map((message, index) => this.#taken(message, fds[index] as OwnedFd))
      for (const connection of connections) this.#pass(connection)
    } catch (error) {
      closeAll(fds)
      throw error
    }
  }

  #taken(message: ConnectionMessage, fd: OwnedFd): TakenConnection {
    const { id } = message
    if (this.#unanswered.has(id)) throw protocolError('two connections have the same number')
    if (this.#unanswered.size >= maxUnanswered) throw protocolError('too many connections are pending')
    const onAnswer = () => {
      this.#unanswered.delete(id)
      if (this.#unanswered.size === 0) this.#onAllAnswered()
    }
    const connection = new TakenConnection(message, fd, this.#answers, onAnswer)
    this.#unanswered.set(id, connection)
    return connection
  }

  #pass(connection: TakenConnection): void {
    const resolve = this.#asking.shift()
    if (!this.#isTaken || this.#isOver) connection.refuse()
    else if (resolve === undefined) this.#arrived.push(connection)
    else resolve({ done: false, value: connection })
  }

  /** Resolves when the taker has answered what arrived before a loss. Those connections are whole. */
  async #allAnswered(): Promise<void> {
    this.#end()
    if (this.#unanswered.size === 0) return
    await new Promise<void>((resolve) => {
      this.#onAllAnswered = resolve
    })
  }

  async #giveUp({ message }: Error): Promise<void> {
    this.#end()
    // The predecessor keeps everything that is not answered before this.
    this.#answers.flush()
    const refusing = this.#channel.send('refused', encodeReason(message)).catch(() => {})
    await this.#channel.discard()
    await refusing
  }

  #revokeAll(): void {
    for (const connection of [...this.#unanswered.values()]) connection.revoke()
    this.#arrived.splice(0)
  }

  #end(): void {
    this.#isOver = true
    for (const resolve of this.#asking.splice(0)) resolve({ done: true, value: undefined })
  }
}

function isFdLost(error: unknown): boolean {
  return error instanceof HandoverError && error.code === 'ERR_HANDOVER_FD_LOST'
}
