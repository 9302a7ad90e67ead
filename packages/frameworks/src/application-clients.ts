import { credentials, Client as GrpcClient } from '@grpc/grpc-js'
import { createTRPCUntypedClient, createWSClient, wsLink } from '@trpc/client'
import { io } from 'socket.io-client'
import { WebSocket } from 'ws'

/** A client as its library makes it, with the means by which that library loses nothing at a reconnect. */
export type Client = {
  /** Makes one call, and returns the answer. Rejects if it fails. */
  readonly call: () => Promise<unknown>
  readonly close: () => unknown
}

/** @param transport which the client uses from its first packet on */
export const socketIo = (transport: 'polling' | 'websocket') => (port: number) => {
  const socket = io(`http://127.0.0.1:${port}`, {
    transports: [transport],
    forceNew: true,
    reconnectionDelay: 10,
    retries: 10,
    ackTimeout: 1_000,
  })
  return { call: () => socket.emitWithAck('greet', 'you'), close: () => socket.close() }
}

export function trpc(port: number): Client {
  const connection = createWSClient({ url: `ws://127.0.0.1:${port}`, WebSocket: WebSocket as never })
  const client = createTRPCUntypedClient({ links: [wsLink({ client: connection })] })
  return { call: () => client.mutation('greet'), close: () => connection.close() }
}

export function grpc(port: number): Client {
  // A connection of its own, as a client in another process has.
  const options = { 'grpc.use_local_subchannel_pool': 1 }
  const client = new GrpcClient(`127.0.0.1:${port}`, credentials.createInsecure(), options)
  const call = () =>
    new Promise((resolve, reject) => {
      client.makeUnaryRequest<string, string>(
        '/Greeter/Greet',
        Buffer.from,
        String,
        'you',
        (error, answer) => (error ? reject(error) : resolve(answer)),
      )
    })
  return { call, close: () => client.close() }
}
