import { constants } from 'node:os'
import { checkOptions } from './check-argument.ts'
import { closedError, systemError } from './error.ts'
import { type ListenUnixOptions, listenUnixOptionTypes, listenUnixThen } from './listeners.ts'
import { native } from './native.ts'
import { checkOwnedFd, OwnedFd } from './owned-fd.ts'
import { Readiness, readable } from './readiness.ts'
import { checkIsUnixSocket } from './socket-address.ts'
import { checkIsListening } from './socket-options.ts'
import {
  adoptOrClose,
  type UnixSocket,
  type UnixSocketOptions,
  unixSocketOptionTypes,
} from './unix-socket.ts'

type Waiting = { wake: () => void; fail: (error: unknown) => void }

/** A listening UNIX stream or seqpacket socket whose connections can carry fds, which those of Node cannot. */
export class UnixListener implements Disposable {
  readonly #owned: OwnedFd
  readonly #connectionOptions: UnixSocketOptions
  readonly #waiting = new Set<Waiting>()
  readonly #readiness: Readiness

  /**
   * Binds and listens. `close()` does not unlink the path.
   *
   * @param options `passCredentials` is for the connections
   * @throws {FdPassingError} as {@link listenUnix}
   */
  static listen(options: ListenUnixOptions & UnixSocketOptions): UnixListener {
    checkOptions('UnixListener.listen()', options, { ...listenUnixOptionTypes, ...unixSocketOptionTypes })
    const { passCredentials = false, ...listenOptions } = options
    return listenUnixThen(listenOptions, ({ socket }) => UnixListener.adopt(socket, { passCredentials }))
  }

  /**
   * Takes over a listening UNIX socket. It becomes non-blocking, for all who share its open file description. If this throws, the caller
   * keeps `fd`.
   *
   * @throws {FdPassingError} ERR_INVALID_ARGUMENT if it is not a UNIX socket that listens
   * @throws {FdPassingError} ERR_SYSTEM if it cannot be watched
   */
  static adopt(fd: OwnedFd, options: UnixSocketOptions = {}): UnixListener {
    checkOptions('UnixListener.adopt()', options, unixSocketOptionTypes)
    checkOwnedFd(fd)
    checkIsUnixSocket(fd.fd)
    checkIsListening(fd.fd)
    return new UnixListener(fd, options)
  }

  private constructor(fd: OwnedFd, connectionOptions: UnixSocketOptions) {
    this.#connectionOptions = connectionOptions
    this.#readiness = new Readiness(fd.fd, () => {
      for (const { wake } of this.#waiting) wake()
    })
    this.#owned = new OwnedFd(fd.release())
  }

  /** The descriptor, borrowed. @throws {FdPassingError} ERR_FD_CLOSED if it was closed */
  get fd(): number {
    return this.#owned.fd
  }

  get closed(): boolean {
    return this.#owned.closed
  }

  /**
   * Accepts the next connection. It accepts at most one in each turn of the event loop, so that a crowd of clients does not block other
   * work.
   *
   * @param options `signal` ends the wait with its reason
   * @throws {FdPassingError} ERR_FD_CLOSED if the listener is closed meanwhile
   * @throws {FdPassingError} ERR_SYSTEM if this process has no free descriptor (EMFILE). The connection stays queued
   */
  async accept(options: { signal?: AbortSignal } = {}): Promise<UnixSocket> {
    checkOptions('accept()', options, { signal: 'AbortSignal' })
    while (true) {
      await this.#readable(options.signal)
      const accepted = native.accept(this.fd)
      if (accepted >= 0) return adoptOrClose(new OwnedFd(accepted), this.#connectionOptions)
      if (accepted !== -constants.errno.EAGAIN) throw systemError('accept', accepted)
    }
  }

  /** Every connection until `close()`. */
  async *[Symbol.asyncIterator](): AsyncGenerator<UnixSocket, void, void> {
    while (!this.closed) {
      const connection = await this.accept().catch((error: unknown) => {
        if (this.closed) return null
        throw error
      })
      if (connection !== null) yield connection
    }
  }

  /** Waiting keeps the event loop alive: the default. */
  ref(): this {
    this.#readiness.keepAlive(true)
    return this
  }

  /** Waiting does not keep the event loop alive. */
  unref(): this {
    this.#readiness.keepAlive(false)
    return this
  }

  /** Closes the descriptor and ends pending calls with `ERR_FD_CLOSED`. A second call does nothing. */
  close(): void {
    if (this.closed) return
    this.#readiness.close()
    try {
      this.#owned.close()
    } finally {
      for (const { fail } of this.#waiting) fail(closedError('this UnixListener'))
    }
  }

  [Symbol.dispose](): void {
    this.close()
  }

  #readable(signal: AbortSignal | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      signal?.throwIfAborted()
      if (this.closed) throw closedError('this UnixListener')
      const settle = (settled: () => void) => {
        signal?.removeEventListener('abort', abort)
        this.#waiting.delete(waiting)
        if (!this.closed) this.#readiness.want(this.#waiting.size > 0 ? readable : 0)
        settled()
      }
      const waiting = { wake: () => settle(resolve), fail: (error: unknown) => settle(() => reject(error)) }
      const abort = () => waiting.fail(signal?.reason)
      signal?.addEventListener('abort', abort, { once: true })
      this.#waiting.add(waiting)
      this.#readiness.want(readable)
    })
  }
}
