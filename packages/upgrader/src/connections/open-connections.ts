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

/** Holds the open connections of the servers: taken from the predecessor, and in the end given to the successor. */
export class OpenConnections {
  readonly #routes = new Map<string, Route>()
  readonly #emit: (event: FlipEvent) => void
  #giver: ConnectionGiver | undefined

  constructor(emit: (event: FlipEvent) => void) {
    this.#emit = emit
  }

  /** Returns how this server drains. Its connections can move once {@link route} has named its key. */
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

  /** Routes the predecessor's connections under this key to this server from now on. */
  route(key: string, server: Server, { handOver }: ServeOptions): void {
    const mover = connectionMover(server, handOver)
    if (mover === undefined || this.#routes.has(key)) return
    this.#routes.set(key, { server, mover })
  }

  /** Offers the connections that can move to the successor, which serves. */
  giveTo(channel: HandoverChannel): void {
    this.#giver = new ConnectionGiver(channel)
  }

  /** Serves what the predecessor gives, until the predecessor exits. */
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
      // The channel is closed, so the predecessor keeps serving it.
      return
    }
    // This waits a turn, so that a slow `take` does not delay the answers for the other connections of this batch. The predecessor waits
    // for the answers. At its deadline it cuts each connection without an answer.
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

/** Reports whether the connection can move. `give` may have ended it, or written more than the kernel has taken. Then it drains here. */
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
