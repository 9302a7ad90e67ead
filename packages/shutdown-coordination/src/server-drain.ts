import net from 'node:net'
import { ConnectionTracker } from './connection-tracker.ts'
import type { Drainable, DrainContext } from './drainable.ts'
import { on } from './listener.ts'
import type { ServerReport } from './shutdown-report.ts'

/** Attaches to a server, so that its connections are tracked from their first moment. Returns the undo. */
export type WatchConnections = (connections: ConnectionTracker) => () => void

/** Stops one server from accepting, drains its connections, and cuts what is left at the deadline. */
export class ServerDrain implements Drainable, Disposable {
  readonly #server: net.Server
  readonly #keepAcceptingMs: number
  readonly #connections = new ConnectionTracker()
  readonly #undo: (() => void)[]
  #accepting = true
  #settled: Promise<void> = Promise.resolve()

  constructor(
    readonly name: string,
    server: net.Server,
    keepAcceptingMs: number,
    watch: WatchConnections,
  ) {
    this.#server = server
    this.#keepAcceptingMs = keepAcceptingMs
    this.#undo = [watch(this.#connections)]
  }

  drain({ signal: deadline }: DrainContext): Promise<void> {
    return new Promise((resolve) => {
      const resolveIfGone = () => {
        if (!this.#accepting && this.#connections.size === 0) resolve()
      }
      const stopAccepting = () => {
        this.#stopAccepting()
        resolveIfGone()
      }
      const timer = this.#keepAcceptingMs > 0 ? setTimeout(stopAccepting, this.#keepAcceptingMs) : undefined
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
    const { answered, closedIdle, closedIncomplete, handedOver, cutWork } = this.#connections
    return { name: this.name, answered, closedIdle, closedIncomplete, handedOver, cut: [...cutWork] }
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
