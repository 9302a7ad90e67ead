import type { Socket } from 'node:net'
import type { ConnectionMoves } from './connection-moves.ts'
import type { ConnectionTracker, TrackedConnection } from './connection-tracker.ts'
import type { Movability, MovableConnection } from './movable-connection.ts'
import type { CutWork } from './shutdown-report.ts'
import { isQuiet } from './socket-reading.ts'

/**
 * The event that a server emits, with the socket, for an idle HTTP connection that it took over from another process. Node treats it as a
 * connection, with the `'connection'` event, only from its next request on.
 */
export const adoptedEvent = Symbol.for('shellflip.adopted-connection')

const pollMs = 20

/** An HTTP connection that was taken over, before its first request here. */
export class AdoptedConnection implements TrackedConnection, MovableConnection {
  readonly socket: Socket
  readonly #tracker: ConnectionTracker
  readonly #moves: ConnectionMoves
  readonly #lingerMs: number
  #timer: NodeJS.Timeout | undefined

  constructor(socket: Socket, tracker: ConnectionTracker, moves: ConnectionMoves, lingerMs: number) {
    this.socket = socket
    this.#tracker = tracker
    this.#moves = moves
    this.#lingerMs = lingerMs
  }

  drain(): void {
    if (this.#moves.arePossible) this.#moves.offer(this)
    else this.stays()
  }

  movability(): Movability {
    const quiet = isQuiet(this.socket)
    if (quiet === undefined || this.socket.readableEnded) return 'never'
    return quiet && this.socket.bytesRead === 0 ? 'now' : 'later'
  }

  later(): void {
    this.#timer = setTimeout(() => this.#moves.offer(this), pollMs)
  }

  stays(): void {
    this.#timer = setTimeout(() => setImmediate(() => this.#closeIfSilent()), this.#lingerMs)
  }

  cut(): CutWork[] {
    if (this.socket.bytesRead > 0) this.#tracker.closedIncomplete += 1
    else this.#tracker.closedIdle += 1
    this.socket.destroy()
    return []
  }

  closed(): void {
    clearTimeout(this.#timer)
  }

  #closeIfSilent(): void {
    if (this.socket.destroyed || this.socket.bytesRead > 0) return
    this.#tracker.closedIdle += 1
    this.socket.destroySoon()
  }
}
