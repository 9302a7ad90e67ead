import { OwnedFd } from '@shellflip/fd-passing'
import { expect, test } from 'vitest'
import { ConnectionGiver, giveHandover, HandoverChannel, takeOver } from './index.ts'

const wrong = (options: object) => options as never
const offer = { version: '1', sockets: [] }

const stdin = new OwnedFd(0)
const definition = { name: 'x', version: 1, form: 'value', encodeTo: () => {} }

/** Makes a call on a channel, and expects an error about its arguments. */
async function expectRefusal(call: (channel: HandoverChannel) => unknown, message: RegExp): Promise<void> {
  const { channel, remote } = HandoverChannel.pair()
  await expect((async () => call(channel))()).rejects.toMatchObject({
    code: 'ERR_INVALID_ARGUMENT',
    message: expect.stringMatching(message),
  })
  channel.close()
  remote.close()
}

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
  [
    'a socket of an offer',
    (channel) => giveHandover(channel, wrong({ ...offer, sockets: [{ nam: 'x', fd: stdin }] })),
    /sockets\[0\] of the offer .* "nam"\. Did you mean "name"\?/,
  ],
  [
    'the state of an offer',
    (channel) => giveHandover(channel, wrong({ ...offer, state: { definition, valeu: 1 } })),
    /takes definition and value/,
  ],
])('%s names an option that it does not have', (_, call, message) => expectRefusal(call, message))

test.each<[string, (channel: HandoverChannel) => unknown, RegExp]>([
  [
    'a version',
    (channel) => giveHandover(channel, wrong({ sockets: [] })),
    /version must be a string, not undefined/,
  ],
  [
    'sockets',
    (channel) => giveHandover(channel, wrong({ version: '1' })),
    /sockets must be an array, not undefined/,
  ],
  [
    'a socket',
    (channel) => giveHandover(channel, wrong({ ...offer, sockets: [{ name: 'x', fd: 3 }] })),
    /must have an OwnedFd .* not 3\. Wrap a number by new OwnedFd\(3\)/,
  ],
  ['a lock', (channel) => giveHandover(channel, wrong({ ...offer, lock: {} })), /lock must have an OwnedFd/],
  [
    'a definition',
    (channel) => giveHandover(channel, wrong({ ...offer, state: { definition: 5, value: 1 } })),
    /must be what defineState\(\)/,
  ],
  [
    'a definition without encodeTo()',
    (channel) =>
      giveHandover(
        channel,
        wrong({ ...offer, state: { definition: { ...definition, encodeTo: 1 }, value: 1 } }),
      ),
    /must be what defineState\(\)/,
  ],
  ['states', (channel) => takeOver(channel, wrong({ states: ['x'] })), /states must be what defineState\(\)/],
  [
    'the name of a connection',
    (channel) => new ConnectionGiver(channel).give(wrong({ fd: stdin })),
    /give\(\): name must be a string/,
  ],
  [
    'the data of a connection',
    (channel) => new ConnectionGiver(channel).give(wrong({ name: 'x', fd: stdin, data: 'text' })),
    /data must be a Buffer, not "text"/,
  ],
])('a wrong value for %s is an error', (_, call, message) => expectRefusal(call, message))

test('a program that throws a value other than an error is refused with that value', async () => {
  const { channel, remote } = HandoverChannel.pair()
  const giving = giveHandover(channel, { ...offer })
  const takeover = await takeOver(HandoverChannel.adopt(remote))
  const throwing = () => {
    throw undefined
  }
  await expect(takeover.ready(throwing)).rejects.toBe(undefined)
  expect(await giving).toMatchObject({ failure: { type: 'refused', reason: 'undefined' } })
})
