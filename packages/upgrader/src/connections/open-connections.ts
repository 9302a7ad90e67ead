import type { Server, Socket } from 'node:net'
import { dupOf, type OwnedFd } from '@shellflip/fd-passing'
import { ConnectionGiver, type HandoverChannel, type TakenConnection } from '@shellflip/handover'
import type { HandOver, ServerOptions } from '@shellflip/shutdown-coordination'
import type { FlipEvent } from '../flip-events.ts'
import { type ConnectionMover, connectionMover } from './connection-mover.ts'
import type { ServeOptions } from './serve-options.ts'

type Route = {
  readonly server: Server
  readonly mover: ConnectionMover
}

/** The open connections of the servers: taken from the predecessor, and in the end given to the successor. */
export class OpenConnections {
  readonly #routes = new Map<string, Route>()
  readonly #emit: (event: FlipEvent) => void
  #giver: ConnectionGiver | undefined

  constructor(emit: (event: FlipEvent) => void) {
    this.#emit = emit
  }

  /** How this server drains. Its connections have somewhere to go once {@link route} has told its key. */
  drainOptions(server: Server, { handOver, ...drain }: ServeOptions): ServerOptions {
    const mover = connectionMover(server, handOver)
    if (mover === undefined) return drain
    const giverFor = () => this.#handOverOf(server, mover)
    return {
      ...drain,
      get handOver() {
        return giverFor()
      },
    }
  }

  /** The predecessor's connections under this key are this server's from now on. */
  route(key: string, server: Server, { handOver }: ServeOptions): void {
    const mover = connectionMover(server, handOver)
    if (mover === undefined || this.#routes.has(key)) return
    this.#routes.set(key, { server, mover })
  }

  /** A successor serves: it is offered what can move. */
  giveTo(channel: HandoverChannel): void {
    this.#giver = new ConnectionGiver(channel)
  }

  /** Serves what the predecessor gives, until it is gone. */
  async takeFrom(connections: AsyncIterable<TakenConnection>): Promise<void> {
    for await (const connection of connections) {
      const route = this.#routes.get(connection.name)
      if (route === undefined) connection.refuse()
      else await this.#accept(connection, route.mover)
    }
  }

  async #accept(connection: TakenConnection, mover: ConnectionMover): Promise<void> {
    let fd: OwnedFd
    try {
      fd = await connection.accept()
    } catch {
      // The channel is closed: the predecessor serves it on.
      return
    }
    // Later, so that a slow `take` does not hold up the answers for the connections that came with this one. The predecessor waits
    // for them, and cuts at its deadline what is not answered.
    setImmediate(() => this.#adopt(fd, connection.data, mover))
  }

  #adopt(fd: OwnedFd, data: Buffer, mover: ConnectionMover): void {
    try {
      mover.adopt(fd, data)
    } catch (error) {
      fd.close()
      this.#emit({ type: 'connection-lost', error })
    }
  }

  #handOverOf(server: Server, mover: ConnectionMover): HandOver | undefined {
    const giver = this.#giver
    const [name] = [...this.#routes].find(([, route]) => route.server === server) ?? []
    if (giver === undefined || name === undefined) return undefined
    return async (socket) => {
      try {
        const data = mover.give(socket)
        return data !== undefined && isWhole(socket) && (await give(giver, name, socket, data))
      } catch (error) {
        this.#emit({ type: 'connection-kept', error })
        throw error
      }
    }
  }
}

/** `give` may have ended the connection, or have written to it more than the kernel has taken. It drains here then. */
function isWhole({ destroyed, writable, writableLength }: Socket): boolean {
  return !destroyed && writable && writableLength === 0
}

async function give(giver: ConnectionGiver, name: string, socket: Socket, data: Buffer): Promise<boolean> {
  const fd = dupOf(socket)
  try {
    return await giver.give({ name, fd, data })
  } finally {
    fd.close()
  }
}
