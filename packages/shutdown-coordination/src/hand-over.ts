import type { Server, Socket } from 'node:net'
import type { ConnectionTracker } from './connection-tracker.ts'
import { idleParsersOf } from './http-idleness.ts'
import type { MovableConnection } from './movable-connection.ts'
import { holdReading } from './socket-reading.ts'

/**
 * Gives one connection to another process, usually a copy of its descriptor. Meanwhile nothing is read from it, and nothing of it is in
 * this process. Bytes from the client were processed or are still in the kernel. Bytes to the client are in the kernel too.
 *
 * @returns whether the other process serves it now. Only then is it closed here, which the client does not notice while a copy exists.
 *   Otherwise it is served here
 */
export type HandOver = (socket: Socket) => Promise<boolean>

/**
 * Limits the connections that are being moved. Each costs the program another descriptor, and waits until the other process has answered.
 */
const maxInFlight = 256

/** Moves the connections of one server to another process while it drains. */
export class HandOvers {
  readonly #server: Server
  readonly #tracker: ConnectionTracker
  readonly #chosen: () => HandOver | undefined
  readonly #offered = new Set<MovableConnection>()
  #handOver: HandOver | undefined
  #isChosen = false
  #inFlight = 0
  #scheduled = false

  /** @param chosen called once, when the drain has begun */
  constructor(server: Server, tracker: ConnectionTracker, chosen: () => HandOver | undefined) {
    this.#server = server
    this.#tracker = tracker
    this.#chosen = chosen
  }

  /** Whether there is a process to move connections to, in this drain. */
  get wanted(): boolean {
    if (!this.#isChosen && this.#tracker.draining) {
      this.#isChosen = true
      this.#tracker.attempt(() => {
        this.#handOver = this.#chosen()
      })
    }
    return this.#handOver !== undefined
  }

  /** Moves a connection, if this is the moment, or tells it that it is not. */
  offer(connection: MovableConnection): void {
    this.#offered.add(connection)
    this.#schedule()
  }

  #schedule(): void {
    if (this.#scheduled || this.#offered.size === 0 || this.#inFlight >= maxInFlight) return
    this.#scheduled = true
    // In the check phase everything that libuv has read is parsed. Unread bytes are in the kernel, and travel.
    setImmediate(() => {
      this.#scheduled = false
      this.#moveAll()
    })
  }

  #moveAll(): void {
    const idleParsers = idleParsersOf(this.#server) ?? new Set()
    for (const connection of this.#offered) {
      if (this.#inFlight >= maxInFlight) return
      this.#offered.delete(connection)
      if (connection.socket.destroyed) continue
      const movability = connection.movability(idleParsers)
      if (movability === 'later') connection.later()
      else if (movability === 'never' || this.#handOver === undefined) connection.stays()
      else this.#tracker.moves(connection.socket, this.#move(connection, this.#handOver))
    }
  }

  async #move(connection: MovableConnection, handOver: HandOver): Promise<void> {
    const { socket } = connection
    this.#inFlight += 1
    const readAgain = holdReading(socket)
    const isMoved = await this.#attempt(handOver, socket)
    this.#inFlight -= 1
    if (isMoved) {
      this.#tracker.handedOver += 1
      this.#tracker.remove(socket)
      socket.destroy()
    } else if (!socket.destroyed) {
      readAgain()
      connection.stays()
    }
    this.#schedule()
  }

  async #attempt(handOver: HandOver, socket: Socket): Promise<boolean> {
    try {
      return await handOver(socket)
    } catch (error) {
      this.#tracker.errors.push(error)
      return false
    }
  }
}
