import type { OwnedFd } from '@shellflip/fd-passing'
import { type ChannelEvent, type ChannelState, channelTable } from './channel-table.ts'
import { answersIn } from './connection-message.ts'
import type { FrameType } from './frame.ts'
import { type ChannelMessage, closedError, MessageSocket } from './message-socket.ts'
import { encodeReason } from './messages.ts'

/** The messages by which this process begins to owe something to the other end, or stops. */
const owing: Partial<Record<FrameType, ChannelEvent>> = {
  manifest: 'manifest',
  released: 'released',
  connections: 'connections',
}

/** In these states this side has closed, or said its last word. */
const silent: readonly ChannelState[] = ['refusing', 'closing', 'closed']

/**
 * One end of the connection between a predecessor and its successor: a UNIX stream socket that no other process has. Its end reports that
 * the other process has exited, so no third process may inherit it. Both ends are CLOEXEC.
 *
 * The other end would serve if this process exited, so a close must not look like an exit: {@link channelTable}.
 */
export class HandoverChannel implements Disposable {
  readonly #socket: MessageSocket
  #state: ChannelState = 'open'
  /** Counts the connections that the peer has not answered. */
  #unanswered = 0

  private constructor(socket: MessageSocket) {
    this.#socket = socket
  }

  /** Makes a channel, and its other end for a successor to inherit. Close that end when the successor has started. */
  static pair(): { channel: HandoverChannel; remote: OwnedFd } {
    const { own, remote } = MessageSocket.pair()
    return { channel: new HandoverChannel(own), remote }
  }

  /**
   * Makes a channel of a descriptor that was inherited or received.
   *
   * @param fd becomes the channel's own. A number is taken over only if this does not throw
   * @throws {HandoverError} ERR_NOT_A_CHANNEL if it is not a UNIX stream socket. The caller keeps an `OwnedFd` then
   */
  static adopt(fd: OwnedFd | number): HandoverChannel {
    return new HandoverChannel(MessageSocket.adopt(fd))
  }

  /** Whether this side has closed it. */
  get closed(): boolean {
    return this.#state === 'closing' || this.#state === 'closed'
  }

  /**
   * Sends a message. Settles when the kernel has it all.
   *
   * @param fds copies of these are sent, and they stay the caller's
   * @param signal ends the wait for room. A peer that got a part of the message then finds the end of the channel.
   * @returns false if the peer has exited
   * @throws {HandoverError} ERR_CHANNEL_CLOSED
   * @throws {FdPassingError} ERR_SYSTEM if the system does not let a descriptor travel
   * @throws {unknown} if the signal is aborted. The value is its reason
   */
  async send(
    type: FrameType,
    payload: Buffer = Buffer.alloc(0),
    fds: readonly OwnedFd[] = [],
    signal?: AbortSignal,
  ): Promise<boolean> {
    if (silent.includes(this.#state)) throw closedError()
    const event = owing[type]
    if (event === 'connections') this.#unanswered += fds.length
    if (event !== undefined) this.#step(event)
    try {
      return await this.#socket.send(type, payload, fds, signal)
    } catch (error) {
      if (event === 'connections') this.#answered(fds.length)
      throw error
    }
  }

  /**
   * Returns the next message, or null when the peer has exited. A killed process may exit in the middle of a message.
   *
   * @throws {HandoverError} ERR_PROTOCOL
   * @throws {HandoverError} ERR_HANDOVER_FD_LOST
   * @throws {HandoverError} ERR_CHANNEL_CLOSED
   * @throws {unknown} if the signal is aborted. The value is its reason
   */
  async receive(signal?: AbortSignal): Promise<ChannelMessage | null> {
    const message = await this.#socket.receive(signal)
    if (message === null) this.#ended()
    else if (message.type === 'taken' || message.type === 'declined')
      this.#answered(answersIn(message.payload))
    else if (message.type === 'refused') this.#answered(this.#unanswered)
    return message
  }

  /**
   * Sends the reason for the end of this handover. It closes in the background when the kernel has the message. A peer that has everything
   * would take a mere close for our exit, and serve beside this process.
   */
  refuse(reason: string): void {
    this.#step('refuse', reason)
  }

  /** Receives and closes whatever still arrives. Resolves when the peer has exited, or this side has closed. */
  async discard(): Promise<void> {
    await this.#socket.discard()
    this.#ended()
  }

  /** Lets a wait for the peer keep this process alive. This is the default. */
  ref(): void {
    this.#socket.ref()
  }

  /** Lets a wait for the peer not keep this process alive. */
  unref(): void {
    this.#socket.unref()
  }

  /**
   * Closes the channel, and the messages that were not requested. While it gives a handover, it refuses. If given connections
   * are unanswered, it closes in the background when they are answered. A second call does nothing.
   */
  close(): void {
    this.#step('close', 'the predecessor has closed the channel')
  }

  [Symbol.dispose](): void {
    this.close()
  }

  #answered(connections: number): void {
    if (this.#unanswered === 0) return
    this.#unanswered = Math.max(0, this.#unanswered - connections)
    if (this.#unanswered === 0) this.#step('answered')
  }

  #ended(): void {
    this.#unanswered = 0
    this.#step('ended')
  }

  #step(event: ChannelEvent, reason = ''): void {
    const step = channelTable[this.#state][event]
    if (step === undefined) return
    this.#state = step.to
    if (step.action === 'shut') this.#socket.close()
    if (step.action === 'wait') this.#socket.unref()
    if (step.action === 'say-why') this.#sayWhy(reason)
  }

  #sayWhy(reason: string): void {
    this.#socket.drop()
    this.#socket.unref()
    const told = () => this.#step('told')
    this.#socket.send('refused', encodeReason(reason), []).then(told, told)
  }
}
