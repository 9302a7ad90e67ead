import { createServer, type Server, type Socket } from 'node:net'
import { socketpair } from '@shellflip/fd-passing'
import { HandoverChannel, type TakenConnection } from '@shellflip/handover'
import { waitFor } from '@shellflip/testing'
import { expect, test } from 'vitest'
import { OpenConnections } from './open-connections.ts'
import type { ConnectionCarrier } from './serve-options.ts'

/** The connections of a server that moves them by this carrier. */
function connectionsOf(server: Server, carrier: ConnectionCarrier) {
  const connections = new OpenConnections(() => {})
  connections.register(server, { moveConnections: carrier })
  connections.route('key', server)
  return connections
}

test('connections that come at once are all answered before the program takes the first', async () => {
  const happened: string[] = []
  const connections = connectionsOf(createServer(), {
    give: () => undefined,
    take: (socket) => {
      happened.push('take')
      socket.destroy()
    },
  })
  const [one, other] = socketpair('stream')
  const arrived = [one, other].map((fd) => ({
    name: 'key',
    data: Buffer.alloc(0),
    async accept() {
      happened.push('answer')
      return fd
    },
  }))
  async function* given() {
    yield* arrived as unknown as TakenConnection[]
  }
  await connections.takeFrom(given())
  await waitFor(() => happened.length === 4)
  expect(happened).toEqual(['answer', 'answer', 'take', 'take'])
})

test('a server that listens again without moving connections takes none', async () => {
  const server = createServer()
  const connections = connectionsOf(server, { give: () => undefined, take: () => {} })
  connections.register(server, { moveConnections: false })
  const happened: string[] = []
  async function* given() {
    yield { name: 'key', refuse: () => happened.push('refuse') } as unknown as TakenConnection
  }
  await connections.takeFrom(given())
  expect(happened).toEqual(['refuse'])
})

test.each<[string, Partial<Socket>]>([
  ['destroys', { destroyed: true, writable: false, writableLength: 0 }],
  ['ends', { destroyed: false, writable: false, writableLength: 0 }],
  ['writes much to', { destroyed: false, writable: true, writableLength: 9 }],
])('a connection that give %s stays', async (_, socket) => {
  const server = createServer()
  const connections = connectionsOf(server, {
    give: () => new Uint8Array(),
    take: () => {},
  })
  const { channel, remote } = HandoverChannel.pair()
  expect(await connections.moverTo(channel)(server, socket as Socket)).toBe(false)
  remote.close()
  channel.close()
})
