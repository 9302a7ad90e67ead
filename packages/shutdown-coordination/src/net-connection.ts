import type { Socket } from 'node:net'
import type { ConnectionMoves } from './connection-moves.ts'
import type { ConnectionTracker, TrackedConnection } from './connection-tracker.ts'
import type { Movability, MovableConnection } from './movable-connection.ts'
import type { CutWork } from './shutdown-report.ts'
import { isQuiet } from './socket-reading.ts'

/** Asks one connection of a plain server to end, by its own protocol. */
export type DrainSocket = (socket: Socket) => void

export type NetConnectionOptions = {
  lingerMs: number
  drainSocket: DrainSocket | undefined
}

const pollMs = 20

/**
 * A connection of a protocol that we do not know. It moves to another process if the program provides that. Otherwise it ends when its
 * peers end it, or at the deadline.
 */
export class NetConnection implements TrackedConnection, MovableConnection {
  readonly socket: Socket
  readonly #tracker: ConnectionTracker
  readonly #moves: ConnectionMoves
  readonly #options: NetConnectionOptions
  #movesUntil = Number.POSITIVE_INFINITY
  #timer: NodeJS.Timeout | undefined

  constructor(
    socket: Socket,
    tracker: ConnectionTracker,
    moves: ConnectionMoves,
    options: NetConnectionOptions,
  ) {
    this.socket = socket
    this.#tracker = tracker
    this.#moves = moves
    this.#options = options
  }

  drain(): void {
    this.#movesUntil = performance.now() + this.#options.lingerMs
    if (this.#moves.arePossible) this.#moves.offer(this)
    else this.stays()
  }

  movability(): Movability {
    const quiet = isQuiet(this.socket)
    if (quiet === undefined || this.socket.readableEnded || !this.socket.writable) return 'never'
    return quiet ? 'now' : 'later'
  }

  later(): void {
    if (performance.now() > this.#movesUntil) this.stays()
    else this.#timer = setTimeout(() => this.#moves.offer(this), pollMs)
  }

  stays(): void {
    this.#tracker.attempt(() => this.#options.drainSocket?.(this.socket))
  }

  cut(): CutWork[] {
    const { remoteAddress } = this.socket
    this.socket.destroy()
    return [{ type: 'socket', remoteAddress }]
  }

  closed(): void {
    clearTimeout(this.#timer)
  }
}
