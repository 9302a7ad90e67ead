import type { Server as HttpServer } from 'node:http'
import type { Server, Socket } from 'node:net'
import { dupOf, type OwnedFd } from '@shellflip/fd-passing'
import {
  adoptHttpConnection,
  adoptNetConnection,
  ConnectionGiver,
  type HandoverChannel,
  type TakenConnection,
} from '@shellflip/handover'
import type { HandOver, ServerOptions } from '@shellflip/shutdown-coordination'
import { invalidArgument } from '../shellflip-error.ts'
import type { ConnectionCarrier, ServeOptions } from './serve-options.ts'

type Route = {
  readonly server: Server
  readonly carrier: ConnectionCarrier | undefined
}

/** The open connections of the servers: taken from the predecessor, and in the end given to the successor. */
export class OpenConnections {
  readonly #routes = new Map<string, Route>()
  readonly #onLost: (error: unknown) => void
  #giver: ConnectionGiver | undefined

  /** @param onLost told of a connection that was taken, and could not be made one of the server's */
  constructor(onLost: (error: unknown) => void) {
    this.#onLost = onLost
  }

  /** How this server drains. Its connections have somewhere to go once {@link route} has told its key. */
  drainOptions(server: Server, { handOver, ...drain }: ServeOptions): ServerOptions {
    const carrier = carrierOf(server, handOver)
    if (carrier === undefined) return drain
    const giverFor = () => this.#handOverOf(server, carrier)
    return {
      ...drain,
      get handOver() {
        return giverFor()
      },
    }
  }

  /** The predecessor's connections under this key are this server's from now on. */
  route(key: string, server: Server, { handOver }: ServeOptions): void {
    const carrier = carrierOf(server, handOver)
    if (carrier === undefined || this.#routes.has(key)) return
    this.#routes.set(key, { server, carrier: carrier === 'idle' ? undefined : carrier })
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
      else await this.#take(connection, route)
    }
  }

  async #take(connection: TakenConnection, { server, carrier }: Route): Promise<void> {
    let fd: OwnedFd
    try {
      fd = await connection.accept()
    } catch {
      // The channel is closed: the predecessor serves it on.
      return
    }
    try {
      if (carrier === undefined) adoptHttpConnection(server as HttpServer, fd)
      else adoptNetConnection(server, fd, (socket) => carrier.take(socket, connection.data))
    } catch (error) {
      fd.close()
      this.#onLost(error)
    }
  }

  #handOverOf(server: Server, carrier: ConnectionCarrier | 'idle'): HandOver | undefined {
    const giver = this.#giver
    const [name] = [...this.#routes].find(([, route]) => route.server === server) ?? []
    if (giver === undefined || name === undefined) return undefined
    return async (socket) => {
      const data = carrier === 'idle' ? undefined : carrier.give(socket)
      if (carrier !== 'idle' && data === undefined) return false
      return give(giver, name, socket, data)
    }
  }
}

async function give(
  giver: ConnectionGiver,
  name: string,
  socket: Socket,
  data: Uint8Array = Buffer.alloc(0),
): Promise<boolean> {
  const fd = dupOf(socket)
  try {
    return await giver.give({ name, fd, data: Buffer.from(data) })
  } finally {
    fd.close()
  }
}

/** How this server's connections travel, if they do. What is encrypted has its keys in this process. */
function carrierOf(
  server: Server,
  handOver: ServeOptions['handOver'],
): ConnectionCarrier | 'idle' | undefined {
  const speaksTls = 'setSecureContext' in server
  const speaksHttp = 'headersTimeout' in server || 'updateSettings' in server
  if (typeof handOver === 'object') {
    if (!speaksTls && !speaksHttp) return handOver
    throw invalidArgument(
      'only a plain node:net server takes handOver: { give, take }; HTTP/1.1 does it by itself',
    )
  }
  if (handOver === true && (speaksTls || !speaksHttp)) {
    throw invalidArgument(
      speaksTls
        ? 'connections under TLS cannot be handed over: their keys are in this process'
        : 'a node:net server needs handOver: { give, take }: what is known of each connection',
    )
  }
  return speaksHttp && !speaksTls && handOver !== false ? 'idle' : undefined
}
