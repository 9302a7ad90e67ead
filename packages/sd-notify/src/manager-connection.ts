import { type OwnedFd, UnixSocket } from '@shellflip/fd-passing'
import { SdNotifyError, type SdNotifyErrorCode } from './errors.ts'
import { Limit } from './limit.ts'
import { requireNotifyAddress } from './notify-address.ts'
import type { NotifyOutcome } from './notify-outcome.ts'

/** How long a message waits while too many descriptors of this user are in flight, in milliseconds. */
const longestRetryMs = 2000

/** They stay reachable: a service that lets its notifier go after ready() has forgotten to close nothing. */
const connected = new Set<ManagerConnection>()

/**
 * The socket to the manager: one datagram after the other, in the order of the calls. Connected when first needed and
 * kept, so that a process that has run out of fds can still say so.
 */
export class ManagerConnection {
  readonly address: string
  readonly #sendTimeoutMs: number
  #socket: UnixSocket | undefined
  #closed = false
  #last: Promise<unknown> = Promise.resolve()

  constructor(address: string, sendTimeoutMs: number) {
    this.address = address
    this.#sendTimeoutMs = sendTimeoutMs
  }

  /** @param timeoutMs how long it may take from now. @default what the constructor was given */
  send(datagram: string, fds: readonly OwnedFd[], timeoutMs = this.#sendTimeoutMs): Promise<NotifyOutcome> {
    // The time runs from the call: a stuck manager fails all that waits at once, and the queue stays short.
    const limit = new Limit(timeoutMs, () => sendTimeout(this.address, timeoutMs))
    const outcome = limit
      .within(this.#last)
      .then(
        () => this.#transmit(datagram, fds, limit),
        (error: SdNotifyError): NotifyOutcome => ({ type: 'failed', error }),
      )
      .finally(() => limit[Symbol.dispose]())
    // One that fails in the queue lets nothing overtake what was sent before it.
    this.#last = Promise.all([this.#last, outcome])
    return outcome
  }

  /** Waits for what was sent before, each within its time. */
  async idle(): Promise<void> {
    await this.#last
  }

  close(): void {
    this.#closed = true
    this.#disconnect()
  }

  async #transmit(datagram: string, fds: readonly OwnedFd[], limit: Limit): Promise<NotifyOutcome> {
    if (this.#closed) return failed('ERR_NOTIFIER_CLOSED', 'the notifier is closed. Create another one')
    const connectedBefore = this.#socket !== undefined
    try {
      requireNotifyAddress(this.address)
      try {
        await this.#write(datagram, fds, limit)
      } catch (error) {
        // The previous manager is gone. Another one may receive at its address now.
        if (!connectedBefore || !isRefused(error)) throw error
        this.#disconnect()
        await this.#write(datagram, fds, limit)
      }
      return { type: 'sent' }
    } catch (error) {
      this.#disconnect()
      if (this.#closed)
        return failed('ERR_NOTIFIER_CLOSED', 'the notifier was closed before this was sent', error)
      if (error instanceof SdNotifyError) return { type: 'failed', error }
      const reason = error instanceof Error ? error.message : String(error)
      return failed('ERR_SEND_FAILED', `cannot notify the manager at ${this.address}: ${reason}`, error)
    }
  }

  async #write(datagram: string, fds: readonly OwnedFd[], { signal, leftMs }: Limit): Promise<void> {
    this.#socket ??= UnixSocket.connect({ type: 'datagram', address: this.address })
    connected.add(this)
    // Gives up on ETOOMANYREFS first, so that the outcome names it and not the time.
    await this.#socket.send(datagram, {
      fds,
      signal,
      retryTimeoutMs: Math.min(longestRetryMs, leftMs / 2),
    })
  }

  #disconnect(): void {
    connected.delete(this)
    this.#socket?.close()
    this.#socket = undefined
  }
}

function sendTimeout(address: string, timeoutMs: number): SdNotifyError {
  return new SdNotifyError(
    'ERR_SEND_TIMEOUT',
    `the manager at ${address} has not taken a message for ${timeoutMs} ms, because its queue is full`,
  )
}

function failed(code: SdNotifyErrorCode, message: string, cause?: unknown): NotifyOutcome {
  return { type: 'failed', error: new SdNotifyError(code, message, { cause }) }
}

function isRefused(error: unknown): boolean {
  return error instanceof Error && 'errno' in error && error.errno === 'ECONNREFUSED'
}
