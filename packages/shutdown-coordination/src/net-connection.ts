import type { Socket } from 'node:net'
import type { ConnectionTracker, TrackedConnection } from './connection-tracker.ts'
import type { CutWork } from './shutdown-report.ts'

/** Asks one connection of a plain server to come to an end, in the words of its own protocol. */
export type DrainSocket = (socket: Socket) => void

/** A connection of a protocol that we do not know: it ends when its peers think so, or at the deadline. */
export class NetConnection implements TrackedConnection {
  readonly #socket: Socket
  readonly #tracker: ConnectionTracker
  readonly #drainSocket: DrainSocket | undefined

  constructor(socket: Socket, tracker: ConnectionTracker, drainSocket: DrainSocket | undefined) {
    this.#socket = socket
    this.#tracker = tracker
    this.#drainSocket = drainSocket
  }

  drain(): void {
    this.#tracker.attempt(() => this.#drainSocket?.(this.#socket))
  }

  cut(): CutWork[] {
    const { remoteAddress } = this.#socket
    this.#socket.destroy()
    return [{ type: 'socket', remoteAddress }]
  }

  closed(): void {}
}
