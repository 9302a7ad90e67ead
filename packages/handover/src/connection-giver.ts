import type { OwnedFd } from '@shellflip/fd-passing'
import { checkConnection } from './check-offer.ts'
import { decodeAnswer, encodeConnection, maxUnanswered } from './connection-message.ts'
import type { ChannelMessage, HandoverChannel } from './handover-channel.ts'
import { HandoverError, protocolError } from './handover-error.ts'

/** An open connection, for the successor to serve on. */
export type GivenConnection = {
  /** Of the listener mostly, by which the successor knows what to do with it. At most 1 KiB. */
  readonly name: string
  /** A connected socket, of which nothing may be read from now on. A copy travels: it stays the caller's to close. */
  readonly fd: OwnedFd
  /** What the program knows of this connection, at most 200 KiB. @default nothing */
  readonly data?: Buffer
}

/**
 * The predecessor's side of handing over open connections, after `giveHandover` has resolved to `committed`. It is the
 * one who receives from the channel from then on. Many can be given at once: they go out without waiting for answers, up
 * to a bound, and beyond that in their order.
 */
export class ConnectionGiver {
  readonly #channel: HandoverChannel
  readonly #unanswered = new Map<number, (isTaken: boolean) => void>()
  /** Those that wait for fewer unanswered ones. */
  readonly #waiting: (() => void)[] = []
  #lastId = 0
  /** Given, and not answered. */
  #given = 0
  #takes = true

  constructor(channel: HandoverChannel) {
    this.#channel = channel
    channel.unref()
    void this.#hear()
  }

  /** Whether the successor takes connections, as far as is known: if not, `give()` answers false at once. */
  get open(): boolean {
    return this.#takes && !this.#channel.closed
  }

  /**
   * Gives a connection. It settles when the successor has answered, for which there is no time limit: an answer that is
   * not here yet can be on its way.
   *
   * @returns true: the successor serves it, so close it here; false: the successor has not begun with it, and never will,
   *   so serve it on
   * @throws {@link HandoverError} ERR_INVALID_ARGUMENT: name or data are too long; `FdPassingError` if the descriptor
   *   is closed, or cannot travel
   */
  async give(connection: GivenConnection): Promise<boolean> {
    checkConnection(connection)
    const { name, fd, data = Buffer.alloc(0) } = connection
    const id = this.#nextId()
    const payload = encodeConnection({ id, name, data })
    await this.#begin()
    try {
      return this.open && (await this.#ask(id, payload, fd))
    } finally {
      this.#end()
    }
  }

  /** Resolves when nobody reads the channel any more: the successor is gone, or does not follow the protocol. */
  async #hear(): Promise<void> {
    try {
      for (;;) {
        const message = await this.#channel.receive()
        if (message === null) break
        this.#answered(message)
      }
    } catch {
      // What was taken cannot be told any more, but what was not answered is not begun with when the channel ends.
      this.#takes = false
      await this.#channel.discard()
    }
    this.#takes = false
    for (const answer of this.#unanswered.values()) answer(false)
  }

  #answered({ type, payload, fds }: ChannelMessage): void {
    for (const fd of fds) fd.close()
    if (type === 'refused') {
      this.#takes = false
      for (const answer of this.#unanswered.values()) answer(false)
    } else if (type === 'taken' || type === 'declined') {
      const answer = this.#unanswered.get(decodeAnswer(payload))
      if (answer === undefined) throw protocolError(`"${type}" for a connection that was not given`)
      answer(type === 'taken')
    } else throw protocolError(`"${type}" comes where answers are expected`)
  }

  async #ask(id: number, payload: Buffer, fd: OwnedFd): Promise<boolean> {
    const answer = new Promise<boolean>((resolve) => this.#unanswered.set(id, resolve))
    try {
      // A peer that does not receive any more has not got it whole.
      if (!(await this.#channel.send('connection', payload, [fd]))) return false
      return await answer
    } catch (error) {
      if (error instanceof HandoverError && error.code === 'ERR_CLOSED') return false
      throw error
    } finally {
      this.#unanswered.delete(id)
    }
  }

  async #begin(): Promise<void> {
    if (this.#given >= maxUnanswered) return new Promise((resolve) => this.#waiting.push(resolve))
    this.#given += 1
    // Only while an answer is due does the channel keep this process alive.
    this.#channel.ref()
  }

  #end(): void {
    const next = this.#waiting.shift()
    if (next !== undefined) next()
    else {
      this.#given -= 1
      if (this.#given === 0) this.#channel.unref()
    }
  }

  #nextId(): number {
    this.#lastId = (this.#lastId + 1) % 2 ** 32
    return this.#lastId
  }
}
