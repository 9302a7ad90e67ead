import type { OwnedFd } from '@shellflip/fd-passing'
import { checkConnection } from './check-offer.ts'
import { connectionLimits, decodeAnswers, encodeConnection, maxUnanswered } from './connection-message.ts'
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

type Given = {
  readonly id: number
  readonly payload: Buffer
  readonly fd: OwnedFd
  readonly resolve: (isTaken: boolean) => void
  readonly reject: (error: unknown) => void
}

/**
 * The predecessor's side of moving open connections, after `giveHandover` has resolved to `committed`. From then on it receives from the
 * channel. Many connections can be given at once. Those of one turn of the event loop travel together, in their order. Up to a limit they
 * are sent without waiting for answers. Beyond that they wait.
 */
export class ConnectionGiver {
  readonly #channel: HandoverChannel
  /** Sent and not answered. */
  readonly #unanswered = new Map<number, Given>()
  /** The connections that wait for their message, or for fewer unanswered ones. */
  readonly #waiting: Given[] = []
  #lastId = 0
  /**
   * How many connections the next message may have. It begins with one and doubles. A message arrives whole or not at all, so a successor
   * with few free descriptors still takes what fits.
   */
  #messageSize = 1
  #scheduled = false
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
    return new Promise((resolve, reject) => {
      // The channel keeps this process alive only while an answer is due.
      if (this.#isIdle) this.#channel.ref()
      this.#waiting.push({ id, payload, fd, resolve, reject })
      this.#schedule()
    })
  }

  get #isIdle(): boolean {
    return this.#waiting.length === 0 && this.#unanswered.size === 0
  }

  #schedule(): void {
    if (this.#scheduled) return
    this.#scheduled = true
    process.nextTick(() => {
      this.#scheduled = false
      this.#sendWaiting()
    })
  }

  #sendWaiting(): void {
    while (this.open && this.#waiting.length > 0 && this.#unanswered.size < maxUnanswered) {
      const message = this.#nextMessage()
      if (message.length > 0) void this.#send(message)
    }
    if (!this.open) for (const given of this.#waiting.splice(0)) given.resolve(false)
    this.#rest()
  }

  /** Takes as many of the waiting connections as one message may have. */
  #nextMessage(): Given[] {
    const room = Math.min(this.#messageSize, maxUnanswered - this.#unanswered.size)
    const message: Given[] = []
    let bytes = 0
    while (message.length < room) {
      const next = this.#waiting[0]
      bytes += next?.payload.length ?? 0
      if (next === undefined || bytes > connectionLimits.connections) break
      this.#waiting.shift()
      if (isOpen(next)) message.push(next)
    }
    return message
  }

  async #send(message: readonly Given[]): Promise<void> {
    this.#messageSize = Math.min(2 * this.#messageSize, connectionLimits.connectionFds)
    for (const given of message) this.#unanswered.set(given.id, given)
    const payload = Buffer.concat(message.map((given) => given.payload))
    const fds = message.map(({ fd }) => fd)
    try {
      // A peer that no longer receives has not got the whole message.
      if (!(await this.#channel.send('connections', payload, fds))) this.#keep(message)
    } catch (error) {
      const isClosed = error instanceof HandoverError && error.code === 'ERR_CHANNEL_CLOSED'
      this.#keep(message, isClosed ? undefined : error)
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
      this.#sendWaiting()
      await this.#channel.discard()
    }
    this.#takes = false
    this.#keep([...this.#unanswered.values()])
    this.#sendWaiting()
  }

  #answered({ type, payload, fds }: ChannelMessage): void {
    for (const fd of fds) fd.close()
    if (type === 'refused') {
      this.#takes = false
      this.#keep([...this.#unanswered.values()])
    } else if (type === 'taken' || type === 'declined') {
      for (const id of decodeAnswers(payload)) {
        const given = this.#unanswered.get(id)
        if (given === undefined) throw protocolError(`"${type}" names a connection that was not given`)
        this.#unanswered.delete(id)
        given.resolve(type === 'taken')
      }
    } else throw protocolError(`"${type}" comes where answers are expected`)
    this.#sendWaiting()
  }

  /** Leaves connections that were sent with this process. */
  #keep(message: readonly Given[], error?: unknown): void {
    for (const { id, resolve, reject } of message) {
      this.#unanswered.delete(id)
      if (error === undefined) resolve(false)
      else reject(error)
    }
    if (this.#waiting.length > 0) this.#schedule()
    this.#rest()
  }

  #rest(): void {
    if (this.#isIdle) this.#channel.unref()
  }

  #nextId(): number {
    this.#lastId = (this.#lastId + 1) % 2 ** 32
    return this.#lastId
  }
}

/** Rejects a connection whose descriptor was closed while it waited. It must not fail the others of its message. */
function isOpen({ fd, reject }: Given): boolean {
  try {
    return fd.fd >= 0
  } catch (error) {
    reject(error)
    return false
  }
}
