import type { Server, Socket } from 'node:net'
import type { ConnectionTracker } from './connection-tracker.ts'
import { HttpIdleness } from './http-idleness.ts'
import type { MovableConnection } from './movable-connection.ts'
import { MovePace } from './move-pace.ts'
import { holdReading } from './socket-reading.ts'

/**
 * Gives one connection of a server to another process, usually a copy of its descriptor. Meanwhile nothing is read from it, and nothing of
 * it is in this process. Bytes from the client were processed or are still in the kernel. Bytes to the client are in the kernel too.
 *
 * It should answer at once when no process takes connections any more. At the deadline, unanswered connections have half a second left, and
 * are then destroyed here.
 *
 * @returns whether the other process serves it now. Only then is it closed here, which the client does not notice while a copy exists.
 *   Otherwise it is served here
 */
export type MoveConnections = (server: Server, socket: Socket) => Promise<boolean>

/** Moves the connections of one server to another process while it drains. */
export class ConnectionMoves {
  readonly #server: Server
  readonly #tracker: ConnectionTracker
  readonly #offered = new Set<MovableConnection>()
  readonly #pace = new MovePace()
  #move: MoveConnections | undefined
  #scheduled = false

  constructor(server: Server, tracker: ConnectionTracker) {
    this.#server = server
    this.#tracker = tracker
  }

  /** Begins to move connections, if this Node reports which connections of an HTTP server are idle. */
  begin(move: MoveConnections): void {
    const speaksHttp = 'headersTimeout' in this.#server
    if (speaksHttp && !HttpIdleness.isKnown(this.#server)) return
    this.#move = move
    this.#pace.begin(this.#tracker.size, performance.now())
  }

  /** Whether there is a process to move connections to. */
  get arePossible(): boolean {
    return this.#move !== undefined
  }

  /** Moves a connection, if this is the moment, or tells it that it is not. */
  offer(connection: MovableConnection): void {
    this.#offered.add(connection)
    this.#schedule()
  }

  #schedule(): void {
    if (this.#scheduled || this.#offered.size === 0 || this.#pace.room <= 0) return
    this.#scheduled = true
    // In the check phase everything that libuv has read is parsed. Unread bytes are in the kernel, and travel.
    setImmediate(() => {
      this.#scheduled = false
      this.#moveAll()
    })
  }

  #moveAll(): void {
    const idleness = new HttpIdleness(this.#server)
    let { room } = this.#pace
    for (const connection of this.#offered) {
      if (room <= 0) break
      this.#offered.delete(connection)
      if (connection.socket.destroyed) continue
      const movability = connection.movability(idleness)
      if (movability === 'later') connection.later()
      else if (movability === 'never' || this.#move === undefined) connection.stays()
      else {
        room -= 1
        this.#tracker.moves(connection.socket, this.#moveOne(connection, this.#move))
      }
    }
    this.#schedule()
  }

  async #moveOne(connection: MovableConnection, move: MoveConnections): Promise<void> {
    const { socket } = connection
    const sentAt = performance.now()
    this.#pace.sent()
    const readAgain = holdReading(socket)
    const isMoved = await this.#isTaken(socket, move)
    this.#pace.answered(sentAt, performance.now())
    if (isMoved) {
      this.#tracker.moved += 1
      this.#tracker.remove(socket)
      socket.destroy()
    } else if (!socket.destroyed) {
      readAgain()
      connection.stays()
    }
    this.#schedule()
  }

  async #isTaken(socket: Socket, move: MoveConnections): Promise<boolean> {
    try {
      return await move(this.#server, socket)
    } catch (error) {
      this.#tracker.errors.push(error)
      return false
    }
  }
}
