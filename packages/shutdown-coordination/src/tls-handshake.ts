import type { Server, Socket } from 'node:net'
import type { ConnectionTracker, TrackedConnection } from './connection-tracker.ts'
import { on } from './listener.ts'
import type { CutWork } from './shutdown-report.ts'

/** A TCP connection of a TLS server, before it is secure. */
class TlsHandshake implements TrackedConnection {
  readonly #socket: Socket
  readonly #tracker: ConnectionTracker
  readonly #lingerMs: number
  #timer: NodeJS.Timeout | undefined

  constructor(socket: Socket, tracker: ConnectionTracker, lingerMs: number) {
    this.#socket = socket
    this.#tracker = tracker
    this.#lingerMs = lingerMs
  }

  drain(): void {
    this.#timer = setTimeout(() => setImmediate(() => this.#closeIfSilent()), this.#lingerMs)
  }

  cut(): CutWork[] {
    if (this.#socket.bytesRead > 0) this.#tracker.closedIncomplete += 1
    else this.#tracker.closedIdle += 1
    this.#socket.destroy()
    return []
  }

  closed(): void {
    clearTimeout(this.#timer)
  }

  #closeIfSilent(): void {
    if (this.#socket.destroyed || this.#socket.bytesRead > 0) return
    this.#tracker.closedIdle += 1
    this.#socket.destroy()
  }
}

/** Tracks the connections of a TLS server from their first byte. Calls back with each one that has become secure. */
export function watchHandshakes(
  server: Server,
  tracker: ConnectionTracker,
  lingerMs: number,
  secured: (socket: Socket) => void,
): (() => void)[] {
  const follow = (socket: Socket) => new TlsHandshake(socket, tracker, lingerMs)
  return [
    on(server, 'connection', (socket: Socket) => tracker.add(socket, follow)),
    on(server, 'secureConnection', (socket: Socket & { _parent?: Socket }) => {
      secured(socket)
      const raw = socket._parent
      // It must not happen before the secured connection, or the HTTP/2 session on it, is tracked in its place.
      if (raw) setImmediate(() => tracker.remove(raw))
    }),
  ]
}
