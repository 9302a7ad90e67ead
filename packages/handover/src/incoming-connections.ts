import { decodeConnection, maxUnanswered } from './connection-message.ts'
import type { HandoverChannel } from './handover-channel.ts'
import { protocolError } from './handover-error.ts'
import type { ChannelMessage } from './message-socket.ts'
import { encodeReason } from './messages.ts'
import { TakenConnection } from './taken-connection.ts'

/** The connections that arrive after the commit, for one taker. Without a taker, or when it has stopped, they are refused. */
export class IncomingConnections implements AsyncIterableIterator<TakenConnection, void> {
  readonly #channel: HandoverChannel
  readonly #unanswered = new Map<number, TakenConnection>()
  readonly #arrived: TakenConnection[] = []
  readonly #asking: ((result: IteratorResult<TakenConnection, void>) => void)[] = []
  #isTaken = false
  #isOver = false

  constructor(channel: HandoverChannel) {
    this.#channel = channel
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
      this.#revokeAll()
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
    const [fd, ...others] = fds
    try {
      if (type !== 'connection') throw protocolError(`"${type}" comes where connections are expected`)
      const message = decodeConnection(payload)
      if (fd === undefined) throw protocolError('a connection came without a descriptor')
      if (this.#unanswered.has(message.id)) throw protocolError('two connections have the same number')
      if (this.#unanswered.size >= maxUnanswered) throw protocolError('too many connections are pending')
      const onAnswer = () => this.#unanswered.delete(message.id)
      const connection = new TakenConnection(message, fd, this.#channel, onAnswer)
      this.#unanswered.set(message.id, connection)
      this.#pass(connection)
    } catch (error) {
      for (const each of [fd, ...others]) each?.close()
      throw error
    }
  }

  #pass(connection: TakenConnection): void {
    const resolve = this.#asking.shift()
    if (!this.#isTaken || this.#isOver) connection.refuse()
    else if (resolve === undefined) this.#arrived.push(connection)
    else resolve({ done: false, value: connection })
  }

  async #giveUp({ message }: Error): Promise<void> {
    this.#end()
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
