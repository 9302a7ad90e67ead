import { giveHandover, HandoverChannel } from '@shellflip/handover'
import { defineState, defineStateStream } from '@shellflip/state-serialization'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { NodePredecessor } from './node-predecessor.ts'

type ChannelMessage = NonNullable<Awaited<ReturnType<HandoverChannel['receive']>>>

const Visits = defineState({
  name: 'visits',
  version: 1,
  schema: z.object({ visits: z.number(), by: z.string() }),
})
const value = { visits: 41, by: 'all' }

/** Forwards what one end says to the other, or something else. */
async function forward(
  from: HandoverChannel,
  to: HandoverChannel,
  tamper: (message: ChannelMessage) => Buffer = ({ payload }) => payload,
): Promise<void> {
  for (;;) {
    const message = await from.receive().catch(() => null)
    if (message === null) break
    await to.send(message.type, tamper(message), message.fds).catch(() => {})
    for (const fd of message.fds) fd.close()
  }
  to.close()
}

/** A handover with a man in the middle. */
async function handoverThrough(tamper: (message: ChannelMessage) => Buffer) {
  const [predecessor, successor] = [HandoverChannel.pair(), HandoverChannel.pair()]
  const [near, far] = [HandoverChannel.adopt(predecessor.remote), HandoverChannel.adopt(successor.remote)]
  const forwarding = [forward(near, far, tamper), forward(far, near)]
  const offer = { version: '1', sockets: [], state: { definition: Visits, value } }
  const giving = giveHandover(predecessor.channel, offer, { readyTimeoutMs: 5_000 })
  const taking = async () => {
    const taken = await NodePredecessor.open(successor.channel, Visits, 5_000)
    const state = await taken.state(Visits)
    await taken.ready(async () => {})
    return state
  }
  const state = await taking().catch((error: Error & { code: string }) => error)
  // A process that cannot take over does this.
  if (state instanceof Error) successor.channel.close()
  const result = await giving
  predecessor.channel.close()
  successor.channel.close()
  await Promise.all(forwarding)
  return { state, result }
}

/** The bytes of the state, as they travel. */
async function encoded(): Promise<Buffer> {
  const parts: Buffer[] = []
  for await (const part of Visits.encode(value)) parts.push(part)
  return Buffer.concat(parts)
}

/** Changes the state's bytes as one, however they are cut. */
function tampering(change: (bytes: Buffer, from: number) => Buffer) {
  let passed = 0
  return ({ type, payload }: ChannelMessage) => {
    if (type !== 'state') return payload
    const from = passed
    passed += payload.length
    return change(Buffer.from(payload), from)
  }
}

describe('a state that is damaged on its way', () => {
  test('whole, it arrives', async () => {
    const { state, result } = await handoverThrough(({ payload }) => payload)
    expect(state).toEqual(value)
    expect(result.type).toBe('committed')
  })

  test('changed at any byte, by any bit: refused, and the predecessor knows why', async () => {
    const { length } = await encoded()
    expect(length).toBeGreaterThan(40)
    for (let index = 0; index < length; index++) {
      const tamper = tampering((bytes, from) => {
        const at = index - from
        if (at >= 0 && at < bytes.length) bytes.writeUInt8(bytes.readUInt8(at) ^ (1 << (index % 8)), at)
        return bytes
      })
      const { state, result } = await handoverThrough(tamper)
      expect(state, `byte ${index}`).toMatchObject({ name: 'HandoverError', code: 'ERR_STATE' })
      expect(result, `byte ${index}`).toMatchObject({
        type: 'failed',
        failure: {
          type: 'refused',
          reason: expect.stringMatching(/^the predecessor's state cannot be taken over: ./),
        },
      })
    }
  })

  test('cut at any byte: refused', async () => {
    const { length } = await encoded()
    for (let kept = 0; kept < length; kept++) {
      const tamper = tampering((bytes, from) => bytes.subarray(0, Math.max(0, kept - from)))
      const { state, result } = await handoverThrough(tamper)
      expect(state, `${kept} bytes`).toMatchObject({ name: 'HandoverError', code: 'ERR_STATE' })
      expect(result).toMatchObject({ type: 'failed', failure: { type: 'refused' } })
    }
  })
})

test('a stream of state must be read to its end before ready()', async () => {
  const Blocks = defineStateStream({ name: 'blocks', version: 1, schema: z.string() })
  const { channel, remote } = HandoverChannel.pair()
  const offer = { version: '1', sockets: [], state: { definition: Blocks, items: ['a', 'b'] } }
  const giving = giveHandover(channel, offer, { readyTimeoutMs: 5_000 })
  const taken = await NodePredecessor.open(HandoverChannel.adopt(remote), Blocks, 5_000)
  const items = (await taken.state(Blocks)) as AsyncIterable<string>
  const unread = {
    code: 'ERR_STATE_NOT_READ',
    message: expect.stringMatching(/^flip\.state was not read to its end\. Read it before flip\.ready\(\)/),
  }
  await expect(taken.ready(async () => {})).rejects.toMatchObject(unread)
  const read: string[] = []
  for await (const item of items) read.push(item)
  await taken.ready(async () => {})
  expect(read).toEqual(['a', 'b'])
  expect((await giving).type).toBe('committed')
  channel.close()
})
