import net from 'node:net'
import { ConnectionMoves } from './connection-moves.ts'
import { ConnectionTracker } from './connection-tracker.ts'
import { on } from './listener.ts'
import type { ShutdownWork, WorkContext } from './registered-drain.ts'
import type { ServerReport } from './shutdown-report.ts'

/** Attaches to a server, so that its connections are tracked from their first moment. Returns the undo. */
export type WatchConnections = (connections: ConnectionTracker, moves: ConnectionMoves) => () => void

export type ServerDrainOptions = {
  readonly name: string
  readonly keepAcceptingMs: number
  /** Whether the connections move to another process, if the shutdown has one. */
  readonly moveConnections: boolean
}

/** Stops one server from accepting, drains its connections, and cuts what is left at the deadline. */
export class ServerDrain implements ShutdownWork, Disposable {
  readonly name: string
  readonly #server: net.Server
  readonly #options: ServerDrainOptions
  readonly #connections = new ConnectionTracker()
  readonly #moves: ConnectionMoves
  readonly #undo: (() => void)[]
  #accepting = true
  #settled: Promise<void> = Promise.resolve()

  constructor(server: net.Server, options: ServerDrainOptions, watch: WatchConnections) {
    this.name = options.name
    this.#server = server
    this.#options = options
    this.#moves = new ConnectionMoves(server, this.#connections)
    this.#undo = [watch(this.#connections, this.#moves)]
  }

  drain({ signal: deadline, moveConnections }: WorkContext): Promise<void> {
    const { keepAcceptingMs } = this.#options
    if (moveConnections !== undefined && this.#options.moveConnections) this.#moves.begin(moveConnections)
    return new Promise((resolve) => {
      const resolveIfGone = () => {
        if (!this.#accepting && this.#connections.size === 0) resolve()
      }
      const stopAccepting = () => {
        this.#stopAccepting()
        resolveIfGone()
      }
      const timer = keepAcceptingMs > 0 ? setTimeout(stopAccepting, keepAcceptingMs) : undefined
      const cut = () => {
        clearTimeout(timer)
        this.#stopAccepting()
        this.#settled = this.#connections.cut()
        void this.#settled.then(resolve)
      }
      this.#connections.drain(resolveIfGone)
      if (timer === undefined) stopAccepting()
      if (deadline.aborted) cut()
      else deadline.addEventListener('abort', cut, { once: true })
    })
  }

  /** Resolves when the result of each connection is known: soon after a cut. */
  get settled(): Promise<void> {
    return this.#settled
  }

  /** The errors that the program's own callbacks threw. */
  get errors(): readonly unknown[] {
    return this.#connections.errors
  }

  report(): ServerReport {
    const { answered, closedIdle, closedIncomplete, moved, cutWork } = this.#connections
    return { name: this.name, answered, closedIdle, closedIncomplete, moved, cut: [...cutWork] }
  }

  #stopAccepting(): void {
    if (!this.#accepting) return
    this.#accepting = false
    // http.Server#close() would destroy idle keep-alive connections, on which a request may be in flight.
    const close = () => net.Server.prototype.close.call(this.#server)
    if (this.#server.listening) close()
    this.#undo.push(on(this.#server, 'listening', close))
  }

  [Symbol.dispose](): void {
    for (const undo of this.#undo.splice(0)) undo()
  }
}
