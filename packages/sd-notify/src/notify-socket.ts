import { rmSync } from 'node:fs'
import {
  type Credentials,
  FdPassingError,
  type Message,
  type OwnedFd,
  type UnixSocket,
} from '@shellflip/fd-passing'
import { bindNotifySocket, type SocketFile, socketFileAt } from './bind-notify-socket.ts'
import { SdNotifyError } from './errors.ts'
import type { NotifyMessage } from './message.ts'
import { parseMessage } from './parse-message.ts'

/** One message that a process sent. */
export type Notification = {
  message: NotifyMessage
  /** Owned by the consumer, who closes them. */
  fds: OwnedFd[]
  /** The kernel's word on who sent it (SCM_CREDENTIALS); missing where the system has none. */
  sender?: Credentials
}

export type NotifySocketOptions = {
  /** A path, or `@name` for an abstract socket. A path's dead socket is replaced, a live one never. */
  path: string
  /** Who may send, as the file's mode. @default 0o600 */
  mode?: number
  /** Told of a datagram that could not be received whole. Its fds are closed already. @default ignored */
  onSkipped?: (error: SdNotifyError) => void
}

/**
 * The manager's end of sd_notify(3): iterate over it to receive. A message is taken from the kernel's queue when the
 * consumer asks for it, and senders wait while that queue is full, so a flood costs no memory.
 *
 * A `BARRIER` is answered here and not delivered: its fd is closed when the consumer asks for the next message, having
 * processed all that were sent before. Iterate with one loop at a time.
 */
export class NotifySocket implements Disposable, AsyncIterable<Notification> {
  readonly path: string
  readonly #socket: UnixSocket
  readonly #file: SocketFile | undefined
  readonly #onSkipped: (error: SdNotifyError) => void
  #closed = false

  /**
   * @throws SdNotifyError `ERR_PATH_IN_USE`, `ERR_PATH_TOO_LONG`, `ERR_CANNOT_OPEN`.
   */
  static open(options: NotifySocketOptions): NotifySocket {
    return new NotifySocket(bindNotifySocket(options.path, options.mode ?? 0o600), options)
  }

  private constructor(socket: UnixSocket, { path, onSkipped = () => {} }: NotifySocketOptions) {
    this.path = path
    this.#socket = socket
    this.#file = socketFileAt(path)
    this.#onSkipped = onSkipped
  }

  async *[Symbol.asyncIterator](): AsyncIterator<Notification, void, void> {
    for (let received = await this.#receive(); received !== null; received = await this.#receive()) {
      const message = parseMessage(received.data)
      if (message.barrier) closeAll(received.fds)
      else yield { message, fds: received.fds, ...senderOf(received) }
    }
  }

  /** Ends the iteration and removes the path, unless another socket stands there by now. */
  close(): void {
    if (this.#closed) return
    this.#closed = true
    if (this.#file?.isStillThere()) rmSync(this.path, { force: true })
    this.#socket.close()
  }

  [Symbol.dispose](): void {
    this.close()
  }

  /** The next datagram that came whole; null once closed. */
  async #receive(): Promise<Message | null> {
    while (!this.#closed) {
      try {
        const received = await this.#socket.receive()
        if (!this.#closed) return received
        closeAll(received?.fds ?? [])
      } catch (error) {
        if (this.#closed) break
        if (!isBrokenDatagram(error)) throw error
        this.#onSkipped(
          new SdNotifyError('ERR_MESSAGE_SKIPPED', `a notification was dropped: ${error.message}`, {
            cause: error,
          }),
        )
      }
    }
    return null
  }
}

function senderOf({ credentials }: Message): { sender?: Credentials } {
  return credentials === undefined ? {} : { sender: credentials }
}

/** These cost one datagram; anything else would come again and again. */
function isBrokenDatagram(error: unknown): error is FdPassingError {
  return (
    error instanceof FdPassingError &&
    ['ERR_MESSAGE_TOO_LARGE', 'ERR_FD_LOST', 'ERR_TRUNCATED'].includes(error.code)
  )
}

function closeAll(fds: readonly OwnedFd[]): void {
  for (const fd of fds) fd.close()
}
