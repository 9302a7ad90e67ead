import type { Server, Socket } from 'node:net'
import { dupOf, type OwnedFd } from '@shellflip/fd-passing'
import { ConnectionGiver, type HandoverChannel, type TakenConnection } from '@shellflip/handover'
import type { MoveConnections, ServerOptions } from '@shellflip/shutdown-coordination'
import type { FlipEvent } from '../flip-events.ts'
import { Adoptions } from './adoptions.ts'
import { type ConnectionMover, connectionMover } from './connection-mover.ts'
import type { ServeOptions } from './serve-options.ts'

/** Holds the open connections of the servers: taken from the predecessor, and in the end given to the successor. */
export class OpenConnections {
  readonly #movers = new WeakMap<Server, ConnectionMover>()
  /** The servers whose connections move, by the key that both processes know. */
  readonly #servers = new Map<string, Server>()
  readonly #keys = new WeakMap<Server, string>()
  readonly #adoptions = new Adoptions()
  readonly #emit: (event: FlipEvent) => void

  constructor(emit: (event: FlipEvent) => void) {
    this.#emit = emit
  }

  /**
   * Decides whether the connections of this server move, and returns how it drains.
   *
   * @throws {ShellflipError} ERR_INVALID_ARGUMENT
   */
  register(server: Server, { moveConnections, ...drain }: ServeOptions): ServerOptions {
    const mover = connectionMover(server, moveConnections)
    // A server that was closed may listen again with other options.
    this.#movers.delete(server)
    if (mover === undefined) return drain
    this.#movers.set(server, mover)
    return { ...drain, moveConnections: true }
  }

  /** Routes the predecessor's connections under this key to this server from now on. */
  route(key: string, server: Server): void {
    if (!this.#movers.has(server) || this.#servers.has(key)) return
    this.#servers.set(key, server)
    if (!this.#keys.has(server)) this.#keys.set(server, key)
  }

  /** Serves what the predecessor gives, until the predecessor exits. */
  async takeFrom(connections: AsyncIterable<TakenConnection>): Promise<void> {
    for await (const connection of connections) {
      await this.#adoptions.room()
      const server = this.#servers.get(connection.name)
      const mover = server && this.#movers.get(server)
      if (mover === undefined) connection.refuse()
      // This does not wait for the answer, because the answers of one turn travel together.
      else void this.#accept(connection, mover)
    }
  }

  /** Returns what moves a connection to the successor at the other end of the channel. */
  moverTo(channel: HandoverChannel): MoveConnections {
    const giver = new ConnectionGiver(channel)
    return (server, socket) => this.#give(giver, server, socket)
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
    this.#adoptions.add(() => this.#adopt(fd, connection.data, mover))
  }

  #adopt(fd: OwnedFd, data: Buffer, mover: ConnectionMover): void {
    try {
      mover.adopt(fd, data)
    } catch (error) {
      fd.close()
      this.#emit({ type: 'connection-lost', error })
    }
  }

  async #give(giver: ConnectionGiver, server: Server, socket: Socket): Promise<boolean> {
    const name = this.#keys.get(server)
    const mover = this.#movers.get(server)
    // A server that does not listen yet has no key.
    if (name === undefined || mover === undefined) return false
    try {
      const data = mover.give(socket)
      return data !== undefined && isWhole(socket) && (await give(giver, name, socket, data))
    } catch (error) {
      this.#emit({ type: 'connection-kept', error })
      throw error
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
