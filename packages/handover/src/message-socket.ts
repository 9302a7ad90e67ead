import { FdPassingError, OwnedFd, socketpair, UnixSocket } from '@shellflip/fd-passing'
import { encodeFrame, FrameDecoder, type FrameType, maxFds } from './frame.ts'
import { HandoverError, protocolError } from './handover-error.ts'

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

/** Carries messages with their descriptors over a UNIX stream socket. It knows the frames, and not the handover. */
export class MessageSocket {
  readonly #socket: UnixSocket
  readonly #decoder = new FrameDecoder()
  /** Messages of one read that were not requested yet. */
  readonly #messages: ChannelMessage[] = []
  /** Descriptors whose message is not whole yet. They come with its first bytes. */
  #early: OwnedFd[] = []

  private constructor(socket: UnixSocket) {
    this.#socket = socket
  }

  /** Makes both ends. The kernel attests the sender of what arrives at `own`. */
  static pair(): { own: MessageSocket; remote: OwnedFd } {
    const [own, remote] = socketpair('stream')
    const passCredentials = process.platform === 'linux'
    try {
      return { own: new MessageSocket(UnixSocket.adopt(own, { passCredentials })), remote }
    } catch (error) {
      own.close()
      remote.close()
      throw error
    }
  }

  /**
   * @param fd becomes the socket's own. A number is taken over only if this does not throw
   * @throws {HandoverError} ERR_NOT_A_CHANNEL if it is not a UNIX stream socket. The caller keeps an `OwnedFd` then
   */
  static adopt(fd: OwnedFd | number): MessageSocket {
    const owned = fd instanceof OwnedFd ? fd : owning(fd)
    try {
      const socket = new MessageSocket(adopted(owned))
      owned.close()
      return socket
    } catch (error) {
      if (owned !== fd) owned.release()
      throw error
    }
  }

  get closed(): boolean {
    return this.#socket.closed
  }

  /**
   * Sends a message. Settles when the kernel has it all.
   *
   * @param fds copies of these are sent, and they stay the caller's
   * @param signal ends the wait for room. A peer that got a part of the message then finds the end of the stream.
   * @returns false if the peer has exited
   * @throws {HandoverError} ERR_CHANNEL_CLOSED
   * @throws {FdPassingError} ERR_SYSTEM if the system does not let a descriptor travel
   * @throws {unknown} if the signal is aborted. The value is its reason
   */
  async send(
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
      const arrival = await this.#socket
        .receive(signal === undefined ? {} : { signal })
        .catch((error: unknown) => this.#endOrThrow(error))
      if (arrival === null) return null
      this.#early.push(...arrival.fds)
      this.#takeApart(arrival.data, arrival.credentials?.pid)
    }
  }

  /** Receives and closes whatever still arrives. Resolves when the peer has exited, or this side has closed. */
  async discard(): Promise<void> {
    this.drop()
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
  }

  /** Drops the messages that were not requested, with their descriptors. */
  drop(): void {
    for (const fd of this.#early.splice(0)) fd.close()
    for (const { fds } of this.#messages.splice(0)) for (const fd of fds) fd.close()
  }

  ref(): void {
    this.#socket.ref()
  }

  unref(): void {
    this.#socket.unref()
  }

  close(): void {
    this.drop()
    this.#socket.close()
  }

  #takeApart(data: Buffer, sender: number | undefined): void {
    for (const { type, payload, fdCount } of this.#decoder.push(data)) {
      if (this.#early.length < fdCount) {
        throw protocolError(`"${type}" announces ${fdCount} descriptors, but ${this.#early.length} arrived`)
      }
      const by = sender === undefined ? {} : { sender }
      this.#messages.push({ type, payload, fds: this.#early.splice(0, fdCount), ...by })
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
}

export function closedError(cause?: unknown): HandoverError {
  return new HandoverError('ERR_CHANNEL_CLOSED', 'this side has closed the handover channel', { cause })
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
