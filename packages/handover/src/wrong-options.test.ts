import { expect, test } from 'vitest'
import { ConnectionGiver, giveHandover, HandoverChannel, takeOver } from './index.ts'

const wrong = (options: object) => options as never
const offer = { version: '1', sockets: [] }

test.each<[string, (channel: HandoverChannel) => unknown, RegExp]>([
  [
    'giveHandover()',
    (channel) => giveHandover(channel, offer, wrong({ timeoutMs: 1 })),
    /has no option "timeoutMs"/,
  ],
  ['an offer', (channel) => giveHandover(channel, wrong({ ...offer, socket: [] })), /"socket".*"sockets"/],
  ['takeOver()', (channel) => takeOver(channel, wrong({ state: [] })), /"state"\. Did you mean "states"\?/],
  [
    'give()',
    (channel) => new ConnectionGiver(channel).give(wrong({ name: 'x', fd: {}, date: 1 })),
    /"date"\. Did you mean "data"\?/,
  ],
])('%s names an option that it does not have', async (_, call, message) => {
  const { channel, remote } = HandoverChannel.pair()
  await expect((async () => call(channel))()).rejects.toMatchObject({
    code: 'ERR_INVALID_ARGUMENT',
    message: expect.stringMatching(message),
  })
  channel.close()
  remote.close()
})
