import type { OwnedFd } from '@shellflip/fd-passing'
import { checkConnection } from './check-offer.ts'
import { decodeAnswer, encodeConnection, maxUnanswered } from './connection-message.ts'
import type { HandoverChannel } from './handover-channel.ts'
import { HandoverError, protocolError } from './handover-error.ts'
import type { ChannelMessage } from './message-socket.ts'

/** An open connection that the successor must continue to serve. */
export type GivenConnection = {
  /** Usually the name of the listener, by which the successor knows what to do with it. At most 1 KiB. */
  readonly name: string
  /** A connected socket. The caller must not read from it any more. A copy is sent: the caller still closes the original. */
  readonly fd: OwnedFd
  /** The data that the program keeps for this connection, at most 200 KiB. @default nothing */
  readonly data?: Buffer
}

/**
 * The predecessor's side of moving open connections, after `giveHandover` has resolved to `committed`. From then on it receives from the
 * channel. Many connections can be given at once. Up to a limit they are sent without waiting for answers. Beyond that they wait in their
 * order.
 */
export class ConnectionGiver {
  readonly #channel: HandoverChannel
  readonly #unanswered = new Map<number, (isTaken: boolean) => void>()
  /** The connections that wait for fewer unanswered ones. */
  readonly #waiting: (() => void)[] = []
  #lastId = 0
  /** Given and not answered. */
  #given = 0
  #takes = true

  constructor(channel: HandoverChannel) {
    this.#channel = channel
    channel.unref()
    void this.#hear()
  }

  /** Whether the successor takes connections, as far as is known. If not, `give()` answers false at once. */
  get open(): boolean {
    return this.#takes && !this.#channel.closed
  }

  /**
   * Gives a connection. It settles when the successor has answered. It waits without a time limit, because a missing answer may still be on
   * its way.
   *
   * @returns true if the successor serves it, so close it here. False if the successor has not begun with it and never will, so keep
   *   serving it
   * @throws {HandoverError} ERR_INVALID_ARGUMENT if name or data are too long
   * @throws {FdPassingError} ERR_FD_CLOSED if the descriptor is closed
   * @throws {FdPassingError} ERR_SYSTEM if the descriptor cannot travel
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

  /** Resolves when no process reads the channel any more: the successor has exited, or does not follow the protocol. */
  async #hear(): Promise<void> {
    try {
      for (;;) {
        const message = await this.#channel.receive()
        if (message === null) break
        this.#answered(message)
      }
    } catch {
      // The successor's answers cannot arrive any more. It does not begin with an unanswered connection when the channel ends.
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
      if (answer === undefined) throw protocolError(`"${type}" names a connection that was not given`)
      answer(type === 'taken')
    } else throw protocolError(`"${type}" comes where answers are expected`)
  }

  async #ask(id: number, payload: Buffer, fd: OwnedFd): Promise<boolean> {
    const answer = new Promise<boolean>((resolve) => this.#unanswered.set(id, resolve))
    try {
      // A peer that no longer receives has not got the whole message.
      if (!(await this.#channel.send('connection', payload, [fd]))) return false
      return await answer
    } catch (error) {
      if (error instanceof HandoverError && error.code === 'ERR_CHANNEL_CLOSED') return false
      throw error
    } finally {
      this.#unanswered.delete(id)
    }
  }

  async #begin(): Promise<void> {
    if (this.#given >= maxUnanswered) return new Promise((resolve) => this.#waiting.push(resolve))
    this.#given += 1
    // The channel keeps this process alive only while an answer is due.
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
