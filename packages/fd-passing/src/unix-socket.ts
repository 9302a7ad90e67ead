import { checkOptions } from './check-argument.ts'
import { checked, closedError, invalidArgument } from './error.ts'
import { Incoming, type Message, type ReceiveOptions } from './incoming.ts'
import { native } from './native.ts'
import { Outgoing, type SendOptions } from './outgoing.ts'
import { checkOwnedFd, OwnedFd } from './owned-fd.ts'
import { Readiness, readable, writable } from './readiness.ts'
import { checkIsUnixSocket } from './socket-address.ts'
import { checkIsConnection } from './socket-options.ts'
import {
  bindUnixSocket,
  connectUnixSocket,
  passCredentials,
  socketpair,
  socketTypeOf,
  type UnixSocketType,
} from './unix-endpoint.ts'

export type UnixSocketOptions = {
  /** Tell with each message who sent it (SO_PASSCRED). Linux only. @default false */
  passCredentials?: boolean
}

export const unixSocketOptionTypes = { passCredentials: 'boolean' } as const
const endpointOptionTypes = { type: 'any', address: 'any', ...unixSocketOptionTypes } as const

/**
 * A UNIX socket that carries bytes, fds and credentials. It owns its descriptor. It waits by events, without a
 * thread or a timer. An idle socket does not cost the event loop anything.
 */
export class UnixSocket implements Disposable {
  /** The limit of fds in one message of the kernel (SCM_MAX_FD). */
  static readonly maxFdsPerMessage = native.MAX_FDS_PER_MESSAGE
  /** The largest message that {@link receive} takes whole, in bytes. The limit of one send is lower: `net.core.wmem_default`. */
  static readonly maxMessageSize = native.RECEIVE_BUFFER_SIZE

  readonly type: UnixSocketType
  readonly #owned: OwnedFd
  readonly #incoming: Incoming
  readonly #outgoing: Outgoing
  #readiness: Readiness | undefined
  #referenced = true

  /** Two connected sockets. */
  static pair(type: UnixSocketType, options: UnixSocketOptions = {}): [UnixSocket, UnixSocket] {
    checkOptions('UnixSocket.pair()', options, unixSocketOptionTypes)
    const [left, right] = socketpair(type)
    return [UnixSocket.adopt(left, options), UnixSocket.adopt(right, options)]
  }

  /**
   * Opens a datagram socket with an address, `/path` or `@abstract`. `close()` does not unlink the path.
   *
   * @param options `mode`: the permissions of the path. A user who may not write may not send. @default as the umask leaves them
   * @throws {FdPassingError} ERR_ADDRESS_TOO_LONG
   * @throws {FdPassingError} ERR_SYSTEM if the path exists (EADDRINUSE) …
   */
  static bind(options: { type: 'datagram'; address: string; mode?: number } & UnixSocketOptions): UnixSocket {
    checkOptions('UnixSocket.bind()', options, { ...endpointOptionTypes, mode: 'any' })
    const { type, address, mode, passCredentials = false } = options
    return bindUnixSocket(type, address, { mode, passCredentials }, ({ socket }) =>
      UnixSocket.adopt(socket, { passCredentials }),
    )
  }

  /**
   * Opens a socket connected to an address.
   *
   * @throws {FdPassingError} ERR_SYSTEM if nothing listens there (ENOENT, ECONNREFUSED)
   * @throws {FdPassingError} ERR_SYSTEM if the listener's backlog is full (EAGAIN). This does not wait
   */
  static connect(options: { type: UnixSocketType; address: string } & UnixSocketOptions): UnixSocket {
    checkOptions('UnixSocket.connect()', options, endpointOptionTypes)
    const { type, address, passCredentials = false } = options
    return adoptOrClose(connectUnixSocket(type, address), { passCredentials })
  }

  /**
   * Takes over an inherited or received UNIX socket. The caller's `fd` is closed after that. The socket becomes non-blocking, for all who
   * share its open file description.
   *
   * @throws {FdPassingError} ERR_INVALID_ARGUMENT if it is not a UNIX socket. The caller keeps `fd` then
   */
  static adopt(fd: OwnedFd, options: UnixSocketOptions = {}): UnixSocket {
    checkOptions('UnixSocket.adopt()', options, unixSocketOptionTypes)
    checkOwnedFd(fd)
    const type = socketTypeOf(fd.fd)
    checkIsUnixSocket(fd.fd)
    checkIsConnection(fd.fd, 'UnixListener.adopt()')
    if (options.passCredentials) passCredentials(fd.fd)
    return new UnixSocket(new OwnedFd(fd.release()), type)
  }

  private constructor(owned: OwnedFd, type: UnixSocketType) {
    this.type = type
    this.#owned = owned
    const onChange = () => this.#watch()
    this.#incoming = new Incoming(owned, type, onChange)
    this.#outgoing = new Outgoing(owned, type, onChange)
  }

  /** The descriptor, borrowed. @throws {FdPassingError} ERR_FD_CLOSED if it was closed */
  get fd(): number {
    return this.#owned.fd
  }

  get closed(): boolean {
    return this.#owned.closed
  }

  /**
   * Sends bytes and fds, in the order of the calls. Settles when the kernel has accepted everything, which does not mean that a peer has
   * read it. Do not change `data` until then.
   *
   * Waits while the kernel has no room, until `signal` aborts. Waits at most `retryTimeoutMs` while too many fds of this user are in
   * flight.
   *
   * Splits more than {@link maxFdsPerMessage} fds into several messages (all but the last carry one byte). {@link receive} with `fdCount`
   * joins their data and fds again. Datagrams do not support this.
   *
   * @throws {FdPassingError} ERR_MESSAGE_TOO_LARGE if the socket does not take it at once. Send smaller pieces
   * @throws {FdPassingError} ERR_INVALID_ARGUMENT if it is empty, on a socket where that means the end
   * @throws {FdPassingError} ERR_FD_CLOSED
   * @throws {FdPassingError} ERR_TRUNCATED if an earlier send was aborted halfway
   * @throws {FdPassingError} ERR_SYSTEM if the system does not deliver it (EPIPE, ECONNREFUSED, ETOOMANYREFS …)
   * @throws {unknown} if the signal is aborted. The value is its reason
   */
  send(data: Uint8Array | string, options: SendOptions = {}): Promise<void> {
    if (this.closed) return Promise.reject(closedError('this UnixSocket'))
    return this.#outgoing.send(data, options)
  }

  /**
   * Receives the next message, or null at the end of a stream or seqpacket socket (a datagram socket does not end). It reads nothing
   * before this call, so a slow reader slows the sender down. On a stream a message is what the kernel has at once. It may include bytes
   * that were sent before the fds, but none sent after. It includes the fds of one send at most.
   *
   * @throws {FdPassingError} ERR_FD_LOST if fds of this message did not arrive. The next one can be received
   * @throws {FdPassingError} ERR_MESSAGE_TOO_LARGE if this message exceeds the limit. The next one can be received
   * @throws {FdPassingError} ERR_TRUNCATED
   * @throws {FdPassingError} ERR_FD_CLOSED if the socket is closed meanwhile
   * @throws {FdPassingError} ERR_SYSTEM if the connection failed (ECONNRESET …)
   */
  receive(options: ReceiveOptions = {}): Promise<Message | null> {
    if (this.closed) return Promise.reject(closedError('this UnixSocket'))
    return this.#incoming.receive(options)
  }

  /**
   * Takes a message that the kernel has queued, without waiting. Returns the next message, null at the end of a stream or seqpacket
   * socket, or undefined if nothing is there. Throws the errors that {@link receive} rejects with. Needs no descriptor.
   *
   * A message for a waiting {@link receive} travels in a promise. To keep the order, call this in a new turn of the event loop, such as
   * from a timer.
   */
  receiveNow(): Message | null | undefined {
    if (this.closed) throw closedError('this UnixSocket')
    return this.#incoming.receiveNow()
  }

  /** Every message until the end or `close()`. */
  async *[Symbol.asyncIterator](): AsyncGenerator<Message, void, void> {
    while (!this.closed) {
      const message = await this.receive().catch((error: unknown) => {
        if (this.closed) return null
        throw error
      })
      if (message === null) return
      yield message
    }
  }

  /** Ends the peer's reads, after the data that was sent before. This side can still receive. Not for datagrams. */
  endWrites(): void {
    if (this.#outgoing.pending) throw invalidArgument('sends are still pending. Await them first')
    checked(native.shutdownWrites(this.fd), 'shutdown')
  }

  /** Waiting keeps the event loop alive: the default. */
  ref(): this {
    return this.#keepAlive(true)
  }

  /** Waiting does not keep the event loop alive. */
  unref(): this {
    return this.#keepAlive(false)
  }

  /** Closes the descriptor and ends pending calls with `ERR_FD_CLOSED`. A second call does nothing. */
  close(): void {
    if (this.closed) return
    const error = closedError('this UnixSocket')
    this.#readiness?.close()
    try {
      this.#owned.close()
    } finally {
      this.#outgoing.close(error)
      this.#incoming.close(error)
    }
  }

  [Symbol.dispose](): void {
    this.close()
  }

  #keepAlive(on: boolean): this {
    this.#referenced = on
    this.#readiness?.keepAlive(on)
    this.#outgoing.keepAlive(on)
    return this
  }

  #watch(): void {
    if (this.closed) return
    const wanted = (this.#incoming.blocked ? readable : 0) + (this.#outgoing.blocked ? writable : 0)
    if (wanted !== 0 && this.#readiness === undefined) this.#startWatching()
    this.#readiness?.want(wanted)
  }

  #startWatching(): void {
    this.#readiness = new Readiness(this.fd, (events) => {
      if (events & writable && this.#outgoing.blocked) this.#outgoing.flush()
      if (events & readable && !this.closed) this.#incoming.drain()
    })
    this.#readiness.keepAlive(this.#referenced)
  }
}

/** Adopts a descriptor that nobody else knows yet. */
export function adoptOrClose(fd: OwnedFd, options: UnixSocketOptions): UnixSocket {
  try {
    return UnixSocket.adopt(fd, options)
  } catch (error) {
    fd.close()
    throw error
  }
}
