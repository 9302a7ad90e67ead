import type { Socket } from 'node:net'

/** The time for the answer to a goodbye, in milliseconds. A client that sends nothing within it has gone, or does not care. */
const shortestSilenceMs = 1_000

/** Waits for the client to close a connection that our side has closed, for as long as the client still sends anything. */
export class Goodbye {
  readonly #socket: Socket
  readonly #onSilence: () => void
  readonly #silenceMs: number
  #bytesRead = 0
  #timer: NodeJS.Timeout | undefined

  constructor(socket: Socket, lingerMs: number, onSilence: () => void) {
    this.#socket = socket
    this.#onSilence = onSilence
    this.#silenceMs = Math.max(shortestSilenceMs, lingerMs)
    this.#wait()
  }

  /** Whether nothing is in flight, in either direction. */
  get isSilent(): boolean {
    const { bytesRead, writableLength } = this.#socket
    return bytesRead === this.#bytesRead && writableLength === 0 && !this.#socket.isPaused()
  }

  end(): void {
    clearTimeout(this.#timer)
  }

  #wait(): void {
    this.#bytesRead = this.#socket.bytesRead
    // The check phase comes after everything that had arrived by then has been read.
    this.#timer = setTimeout(() => setImmediate(() => this.#check()), this.#silenceMs)
  }

  #check(): void {
    if (this.#socket.destroyed) return
    if (this.isSilent) this.#onSilence()
    else this.#wait()
  }
}
