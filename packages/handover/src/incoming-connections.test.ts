import { socketpair } from '@shellflip/fd-passing'
import { expect, test } from 'vitest'
import { encodeConnection } from './connection-message.ts'
import type { HandoverChannel } from './handover-channel.ts'
import { HandoverError } from './handover-error.ts'
import { IncomingConnections } from './incoming-connections.ts'
import type { ChannelMessage } from './message-socket.ts'

/** A channel that brings two connections, and then loses a descriptor. */
function losingChannel() {
  const sent: string[] = []
  const payload = Buffer.concat(
    [1, 2].map((id) => encodeConnection({ id, name: 'http', data: Buffer.alloc(0) })),
  )
  const messages: ChannelMessage[] = [{ type: 'connections', payload, fds: socketpair('stream') }]
  const channel = {
    closed: false,
    async receive() {
      const message = messages.shift()
      if (message !== undefined) return message
      throw new HandoverError('ERR_HANDOVER_FD_LOST', 'no descriptor is free')
    },
    async send(type: string, { length }: Buffer) {
      sent.push(type === 'refused' ? type : `${type} ${length / 4}`)
      return true
    },
    async discard() {},
  }
  return { channel: channel as unknown as HandoverChannel, sent }
}

test('connections that arrived before a loss are answered, and only then the rest is refused', async () => {
  const { channel, sent } = losingChannel()
  const connections = new IncomingConnections(channel)
  connections.take()
  const received = connections.receiveAll()
  const [one, two] = [await connections.next(), await connections.next()]
  if (one.done || two.done) throw new Error('a connection was revoked')
  for (let turns = 0; turns < 3; turns++) await new Promise((resolve) => setImmediate(resolve))
  expect(sent).toEqual([])
  two.value.refuse()
  const fd = await one.value.accept()
  expect(await received).toBe(true)
  expect(sent).toEqual(['taken 1', 'declined 1', 'refused'])
  expect(await connections.next()).toMatchObject({ done: true })
  fd.close()
})
