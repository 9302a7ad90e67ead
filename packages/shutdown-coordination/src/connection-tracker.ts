import type { EventEmitter } from 'node:events'
import { setTimeout as delay } from 'node:timers/promises'
import type { CutWork } from './shutdown-report.ts'

/** How long the other process may take at the deadline to report which connections it has taken, in milliseconds. */
const lastAnswersMs = 500

/** One open connection, of any protocol, as a drain sees it. */
export interface TrackedConnection {
  /** Begins to close the connection without losing anything. */
  drain(): void
  /** Destroys the connection now, counts it if no work was in flight on it, and returns the work that this cut. */
  cut(): CutWork[]
  /** Reports that the connection is closed, so no timer may stay. */
  closed(): void
}

/** Begins to follow a connection, whatever it has done before. */
type Follow<Socket> = (socket: Socket) => TrackedConnection

type Tracked = TrackedConnection | Follow<never>

/**
 * Tracks the open connections of one server, and counts how they ended. Most connections are followed only when the drain begins, so that
 * they cost little before.
 */
export class ConnectionTracker {
  answered = 0
  closedIdle = 0
  closedIncomplete = 0
  moved = 0
  readonly cutWork: CutWork[] = []
  readonly errors: unknown[] = []
  readonly #open = new Map<EventEmitter, Tracked>()
  /** Connections that were offered to another process, which has not answered yet. */
  readonly #moving = new Map<EventEmitter, Promise<void>>()
  /** One listener for all connections. */
  readonly #onClose: (this: EventEmitter) => void
  #draining = false
  #onEmpty: (() => void) | undefined

  constructor() {
    const remove = (socket: EventEmitter) => this.remove(socket)
    this.#onClose = function () {
      remove(this)
    }
  }

  get draining(): boolean {
    return this.#draining
  }

  get size(): number {
    return this.#open.size
  }

  /**
   * Tracks a connection until `socket` emits `'close'`. It replaces what was tracked for that socket.
   *
   * @param connection a function follows the connection from the beginning of the drain on
   */
  add<Socket extends EventEmitter>(socket: Socket, connection: TrackedConnection | Follow<Socket>): void {
    const former = this.#open.get(socket)
    if (former === undefined) socket.on('close', this.#onClose)
    else if (typeof former !== 'function') former.closed()
    this.#open.set(socket, connection)
    if (this.#draining) queueMicrotask(() => this.#drainLate(socket, connection))
  }

  /** Returns what was added for a socket, or what follows it by now. */
  get(socket: EventEmitter): Tracked | undefined {
    return this.#open.get(socket)
  }

  remove(socket: EventEmitter): void {
    const connection = this.#open.get(socket)
    if (connection === undefined) return
    this.#open.delete(socket)
    if (typeof connection !== 'function') connection.closed()
    if (this.#open.size === 0) this.#onEmpty?.()
  }

  /** Drains all connections, including later ones. Calls `onEmpty` each time none is left. */
  drain(onEmpty: () => void): void {
    this.#draining = true
    this.#onEmpty = onEmpty
    for (const socket of [...this.#open.keys()]) this.#follow(socket)?.drain()
  }

  /** Calls back into the program. An error for one connection does not affect the others. */
  attempt(callback: () => void): void {
    try {
      callback()
    } catch (error) {
      this.errors.push(error)
    }
  }

  /** Notes that a connection is offered to another process, until the promise settles. */
  moves(socket: EventEmitter, move: Promise<void>): void {
    this.#moving.set(socket, move)
    void move.finally(() => this.#moving.delete(socket))
  }

  /** Cuts all connections except those that another process may have taken. It waits for their answers for a moment. */
  async cut(): Promise<void> {
    this.#cutAllBut(this.#moving)
    if (this.#moving.size === 0) return
    const limit = new AbortController()
    const late = delay(lastAnswersMs, undefined, { signal: limit.signal }).catch(() => {})
    await Promise.race([Promise.all(this.#moving.values()), late])
    limit.abort()
    this.#cutAllBut(new Map())
  }

  /**
   * Drains late, because we see a connection before the program's own listener does. Its `drainSocket` must find what that listener makes
   * of it.
   */
  #drainLate(socket: EventEmitter, connection: Tracked): void {
    if (this.#open.get(socket) === connection) this.#follow(socket)?.drain()
  }

  #follow(socket: EventEmitter): TrackedConnection | undefined {
    const connection = this.#open.get(socket)
    if (typeof connection !== 'function') return connection
    // It was added together with this socket, so it is for sockets of this type.
    const followed = connection(socket as never)
    this.#open.set(socket, followed)
    return followed
  }

  #cutAllBut(kept: ReadonlyMap<EventEmitter, unknown>): void {
    for (const socket of [...this.#open.keys()]) {
      if (kept.has(socket)) continue
      this.cutWork.push(...(this.#follow(socket)?.cut() ?? []))
      this.remove(socket)
    }
  }
}
