import { FdPassingError, OwnedFd, socketpair, UnixSocket } from '@shellflip/fd-passing'
import { encodeFrame, FrameDecoder, type FrameType, maxFds } from './frame.ts'
import { HandoverError, protocolError } from './handover-error.ts'
import { encodeReason } from './messages.ts'

/** One message of the handover protocol. Its descriptors belong to the receiver. */
export type ChannelMessage = {
  readonly type: FrameType
  readonly payload: Buffer
  readonly fds: readonly OwnedFd[]
  /**
   * The pid of the process that sent the end of the message, in our pid namespace, as the kernel attests (SCM_CREDENTIALS). 0 is a process
   * of a pid namespace that we cannot see. Undefined where the kernel does not attest it, and in a successor.
   */
  readonly sender?: number
}

/**
 * One end of the connection between a predecessor and its successor: a UNIX stream socket that no other process has. Its end reports that
 * the other process has exited, so no third process may inherit it. Both ends are CLOEXEC.
 */
export class HandoverChannel implements Disposable {
  readonly #socket: UnixSocket
  readonly #decoder = new FrameDecoder()
  /** Messages of one read that were not requested yet. */
  readonly #messages: ChannelMessage[] = []
  /** Descriptors whose message is not whole yet. They come with its first bytes. */
  #early: OwnedFd[] = []
  /** Whether the peer would serve if this process exited: it has the manifest, and neither "released" nor "refused". */
  #owesVerdict = false
  #refused = false
  /** Counts the connections that the peer has not answered. It would serve them if this process exited. */
  #unanswered = 0
  #closing = false

  private constructor(socket: UnixSocket) {
    this.#socket = socket
  }

  /** Makes a channel, and its other end for a successor to inherit. Close that end when the successor has started. */
  static pair(): { channel: HandoverChannel; remote: OwnedFd } {
    const [own, remote] = socketpair('stream')
    const passCredentials = process.platform === 'linux'
    try {
      return { channel: new HandoverChannel(UnixSocket.adopt(own, { passCredentials })), remote }
    } catch (error) {
      own.close()
      remote.close()
      throw error
    }
  }

  /**
   * Makes a channel of a descriptor that was inherited or received.
   *
   * @param fd becomes the channel's own. A number is taken over only if this does not throw
   * @throws {HandoverError} ERR_NOT_A_CHANNEL if it is not a UNIX stream socket. The caller keeps an `OwnedFd` then
   */
  static adopt(fd: OwnedFd | number): HandoverChannel {
    const owned = fd instanceof OwnedFd ? fd : owning(fd)
    try {
      const channel = new HandoverChannel(adopted(owned))
      owned.close()
      return channel
    } catch (error) {
      if (owned !== fd) owned.release()
      throw error
    }
  }

  /** Whether this side has closed it. */
  get closed(): boolean {
    return this.#closing || this.#socket.closed
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
    if (this.#refused || this.#closing) throw closedError()
    if (type === 'manifest') this.#owesVerdict = true
    if (type === 'released') this.#owesVerdict = false
    if (type !== 'connection') return this.#send(type, payload, fds, signal)
    this.#unanswered += 1
    try {
      return await this.#send(type, payload, fds, signal)
    } catch (error) {
      this.#unanswered -= 1
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
    for (;;) {
      const next = this.#messages.shift()
      if (next !== undefined) return next
      if (this.#closing && this.#unanswered === 0) this.#shut()
      const arrival = await this.#socket
        .receive(signal === undefined ? {} : { signal })
        .catch((error: unknown) => this.#endOrThrow(error))
      if (arrival === null) return this.#ended()
      this.#early.push(...arrival.fds)
      this.#takeApart(arrival.data, arrival.credentials?.pid)
    }
  }

  /**
   * Sends the reason for the end of this handover. It closes in the background when the kernel has the message. A peer that has everything
   * would take a mere close for our exit, and serve beside this process.
   */
  refuse(reason: string): void {
    if (this.#refused || this.closed) return
    this.#refused = true
    this.#closeFds()
    this.#socket.unref()
    const shut = () => this.#shut()
    this.#send('refused', encodeReason(reason), []).then(shut, shut)
  }

  /** Receives and closes whatever still arrives. Resolves when the peer has exited, or this side has closed. */
  async discard(): Promise<void> {
    this.#closeFds()
    for (;;) {
      try {
        const arrival = await this.#socket.receive()
        if (arrival === null) break
        for (const fd of arrival.fds) fd.close()
      } catch (error) {
        // The kernel has closed all descriptors of a message if this process has no room for them.
        if (!(error instanceof FdPassingError && error.code === 'ERR_FD_LOST')) break
      }
    }
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
    if (this.#owesVerdict) this.refuse('the predecessor has closed the channel')
    if (this.#refused) return
    if (this.#unanswered === 0) this.#shut()
    else {
      this.#closing = true
      this.#socket.unref()
    }
  }

  [Symbol.dispose](): void {
    this.close()
  }

  async #send(
    type: FrameType,
    payload: Buffer,
    fds: readonly OwnedFd[],
    signal?: AbortSignal,
  ): Promise<boolean> {
    const limit = signal === undefined ? {} : { signal }
    try {
      await this.#socket.send(encodeFrame({ type, payload, fdCount: fds.length }), { fds, ...limit })
      return true
    } catch (error) {
      return this.#endOrThrow(error) !== null
    }
  }

  #takeApart(data: Buffer, sender: number | undefined): void {
    for (const { type, payload, fdCount } of this.#decoder.push(data)) {
      if (this.#early.length < fdCount) {
        throw protocolError(`"${type}" announces ${fdCount} descriptors, but ${this.#early.length} arrived`)
      }
      const by = sender === undefined ? {} : { sender }
      this.#messages.push({ type, payload, fds: this.#early.splice(0, fdCount), ...by })
      if (type === 'taken' || type === 'declined') this.#unanswered = Math.max(0, this.#unanswered - 1)
      if (type === 'refused') this.#unanswered = 0
    }
    const unannounced = this.#decoder.unfinished ? this.#early.length > maxFds : this.#early.length > 0
    if (unannounced) throw protocolError('descriptors arrived that no message announces')
  }

  /** @returns null if the error means that the peer has exited */
  #endOrThrow(error: unknown): null {
    if (!(error instanceof FdPassingError)) throw error
    if (this.closed) throw closedError(error)
    if (error.errno === 'EPIPE' || error.errno === 'ECONNRESET') return null
    // The error of a read on a socket without a peer: EINVAL on Linux.
    if (error.errno === 'EINVAL' || error.errno === 'ENOTCONN') throw notAChannel(error)
    if (error.code === 'ERR_FD_LOST')
      throw new HandoverError('ERR_HANDOVER_FD_LOST', error.message, { cause: error })
    throw error
  }

  /** Notes that the peer has exited, and answers nothing any more. */
  #ended(): null {
    this.#unanswered = 0
    if (this.#closing) this.#shut()
    return null
  }

  #shut(): void {
    this.#closeFds()
    this.#socket.close()
  }

  #closeFds(): void {
    for (const fd of this.#early.splice(0)) fd.close()
    for (const { fds } of this.#messages.splice(0)) for (const fd of fds) fd.close()
  }
}

function owning(fd: number): OwnedFd {
  try {
    return new OwnedFd(fd)
  } catch (cause) {
    throw notAChannel(cause)
  }
}

function adopted(fd: OwnedFd): UnixSocket {
  try {
    const copy = fd.dup()
    try {
      const socket = UnixSocket.adopt(copy)
      if (socket.type === 'stream') return socket
      socket.close()
      throw new Error(`it is a ${socket.type} socket`)
    } finally {
      copy.close()
    }
  } catch (cause) {
    throw notAChannel(cause)
  }
}

function notAChannel(cause: unknown): HandoverError {
  return new HandoverError(
    'ERR_NOT_A_CHANNEL',
    `this descriptor is not a handover channel: ${(cause as Error).message}`,
    { cause },
  )
}

function closedError(cause?: unknown): HandoverError {
  return new HandoverError('ERR_CHANNEL_CLOSED', 'this side has closed the handover channel', { cause })
}
