import { rmSync } from 'node:fs'
import { setTimeout } from 'node:timers/promises'
import {
  type Credentials,
  FdPassingError,
  type Message,
  type OwnedFd,
  socketFileAt,
  type UnixSocket,
} from '@shellflip/fd-passing'
import { show } from '@shellflip/internal'
import { bindNotifySocket } from './bind-notify-socket.ts'
import { checkOptions, invalid } from './check-argument.ts'
import { SdNotifyError } from './errors.ts'
import type { NotifyMessage } from './message.ts'
import { parseMessage } from './parse-message.ts'

/** One message that a process sent. */
export type Notification = {
  message: NotifyMessage
  /** Owned by the consumer, who closes them. */
  fds: OwnedFd[]
  /** The sender, attested by the kernel (SCM_CREDENTIALS). Missing where the system does not provide it. */
  sender?: Credentials
}

export type NotifySocketOptions = {
  /** A path, or `@name` for an abstract socket. A path's dead socket is replaced, a live one never. */
  path: string
  /** The file mode, which decides who may send. @default 0o600 */
  mode?: number
  /** Told of a datagram that could not be received whole. Its fds are closed already. @default ignored */
  onSkipped?: (error: SdNotifyError) => void
  /**
   * Told that the system refuses to receive (`ENOMEM`, `EIO` …), once until it receives again. The socket tries again, at
   * most once a second. @default ignored
   */
  onReceiveFailed?: (error: SdNotifyError) => void
}

const firstRetryMs = 10
const longestRetryMs = 1_000

/**
 * Receives messages: the manager's end of sd_notify(3). Iterate over it to receive. It takes a message from the kernel's queue when the
 * consumer requests one. Senders wait while that queue is full, so a flood does not cost memory.
 *
 * It answers a `BARRIER` itself and does not deliver it. It closes the barrier's fd when the consumer requests the next message, because
 * everything sent before has then been processed. Iterate with one loop at a time.
 */
export class NotifySocket implements Disposable, AsyncIterable<Notification> {
  readonly path: string
  readonly #socket: UnixSocket
  readonly #file: string | undefined
  readonly #onSkipped: (error: SdNotifyError) => void
  readonly #onReceiveFailed: (error: SdNotifyError) => void
  readonly #closing = new AbortController()
  /** How long it waits before it tries again. Undefined while the system receives. */
  #retryMs: number | undefined

  /**
   * @throws {SdNotifyError} ERR_NOTIFY_PATH_IN_USE
   * @throws {SdNotifyError} ERR_NOTIFY_PATH_TOO_LONG
   * @throws {SdNotifyError} ERR_CANNOT_OPEN
   */
  static open(options: NotifySocketOptions): NotifySocket {
    checkOptions('NotifySocket.open()', options, {
      path: 'string',
      mode: 'count',
      onSkipped: 'function',
      onReceiveFailed: 'function',
    })
    if (options.path === undefined) throw invalid('NotifySocket.open() needs path.')
    const { socket, file } = bindNotifySocket(options.path, options.mode ?? 0o600)
    return new NotifySocket(socket, file, options)
  }

  private constructor(socket: UnixSocket, file: string | undefined, options: NotifySocketOptions) {
    const { path, onSkipped = () => {}, onReceiveFailed = () => {} } = options
    this.path = path
    this.#socket = socket
    this.#file = file
    this.#onSkipped = onSkipped
    this.#onReceiveFailed = onReceiveFailed
  }

  async *[Symbol.asyncIterator](): AsyncIterator<Notification, void, void> {
    for (let received = await this.#receive(); received !== null; received = await this.#receive()) {
      const notification = notificationIn(received)
      if (notification !== undefined) yield notification
    }
  }

  /**
   * Delivers the messages that the kernel has queued now, without waiting. It needs no descriptor. Call it in a new turn of the event
   * loop, such as from a timer. Otherwise a message that the iteration has just taken comes after these.
   */
  takePending(onNotification: (notification: Notification) => void): void {
    if (typeof onNotification !== 'function')
      throw invalid(`takePending() takes a function, not ${show(onNotification)}`)
    for (let taken = 0; !this.#closed && taken < mostQueued; taken++) {
      const received = this.#receiveNow()
      if (received === undefined) return
      const notification = received === null ? undefined : notificationIn(received)
      if (notification !== undefined) onNotification(notification)
    }
  }

  /** Ends the iteration and removes the path, unless another socket has taken it. */
  close(): void {
    if (this.#closed) return
    this.#closing.abort()
    this.#socket.close()
    try {
      if (this.#file !== undefined && socketFileAt(this.path) === this.#file)
        rmSync(this.path, { force: true })
    } catch {
      // A file that cannot be removed refuses every message from now on. The next socket at this path replaces it.
    }
  }

  [Symbol.dispose](): void {
    this.close()
  }

  get #closed(): boolean {
    return this.#closing.signal.aborted
  }

  /** Receives the next datagram that came whole, or null once closed. */
  async #receive(): Promise<Message | null> {
    while (!this.#closed) {
      try {
        const received = await this.#socket.receive()
        this.#retryMs = undefined
        if (!this.#closed) return received
        closeAll(received?.fds ?? [])
      } catch (error) {
        if (this.#closed) break
        if (!this.#skip(error)) await this.#waitAfter(error)
      }
    }
    return null
  }

  /** A datagram that came whole, null for one that did not, undefined where nothing is queued. */
  #receiveNow(): Message | null | undefined {
    try {
      return this.#socket.receiveNow()
    } catch (error) {
      // The iteration gets every other error too, and reports it.
      return this.#skip(error) ? null : undefined
    }
  }

  /** Tells of a datagram that is lost. Returns false for every other error: that comes again and again. */
  #skip(error: unknown): boolean {
    if (!isBrokenDatagram(error)) return false
    const message = `a notification was dropped: ${error.message}`
    this.#onSkipped(new SdNotifyError('ERR_MESSAGE_SKIPPED', message, { cause: error }))
    return true
  }

  async #waitAfter(cause: unknown): Promise<void> {
    const delayMs = this.#retryMs
    this.#retryMs = Math.min((delayMs ?? firstRetryMs / 2) * 2, longestRetryMs)
    if (delayMs === undefined) {
      const reason = cause instanceof Error ? cause.message : String(cause)
      const message = `cannot receive at ${this.path}: ${reason}. Trying again.`
      this.#onReceiveFailed(new SdNotifyError('ERR_RECEIVE_FAILED', message, { cause }))
    }
    const { signal } = this.#closing
    await setTimeout(this.#retryMs, undefined, { signal }).catch(() => {})
  }
}

/** More than a socket's queue holds, so that a flood of messages has an end (net.unix.max_dgram_qlen). */
const mostQueued = 4_096

/** Undefined for a barrier, which is passed by closing its fd. */
function notificationIn(received: Message): Notification | undefined {
  const message = parseMessage(received.data)
  if (!message.barrier) return { message, fds: received.fds, ...senderOf(received) }
  closeAll(received.fds)
  return undefined
}

function senderOf({ credentials }: Message): { sender?: Credentials } {
  return credentials === undefined ? {} : { sender: credentials }
}

/** Such an error costs one datagram. Any other error would come again and again. */
function isBrokenDatagram(error: unknown): error is FdPassingError {
  return (
    error instanceof FdPassingError &&
    ['ERR_MESSAGE_TOO_LARGE', 'ERR_FD_LOST', 'ERR_TRUNCATED'].includes(error.code)
  )
}

function closeAll(fds: readonly OwnedFd[]): void {
  for (const fd of fds) fd.close()
}
