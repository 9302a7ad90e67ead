import { socketpair, type UnixSocket } from '@shellflip/fd-passing'
import { describe, expect, test } from 'vitest'
import { type ChannelEvent, type ChannelState, channelTable } from './channel-table.ts'
import { encodeAnswers } from './connection-message.ts'
import { encodeFrame, FrameDecoder } from './frame.ts'
import type { HandoverChannel } from './handover-channel.ts'
import { besidePeer, fdCensus } from './testing/connected.ts'

const states = Object.keys(channelTable) as ChannelState[]
const events = [...new Set(states.flatMap((state) => Object.keys(channelTable[state])))] as ChannelEvent[]

/** Every path of the table of up to this many events: the states, and the events between them. */
function* paths(
  length: number,
  state: ChannelState = 'open',
  before: ChannelEvent[] = [],
): Generator<{ state: ChannelState; event: ChannelEvent; before: ChannelEvent[] }> {
  if (before.length === length) return
  for (const event of events) {
    yield { state, event, before }
    const step = channelTable[state][event]
    if (step !== undefined) yield* paths(length, step.to, [...before, event])
  }
}

const has = (before: ChannelEvent[], since: ChannelEvent, until: ChannelEvent[]) =>
  before.lastIndexOf(since) > Math.max(-1, ...until.map((event) => before.lastIndexOf(event)))

describe('on every path of the table', () => {
  test('the socket is not shut while the other end may still get the right to serve', () => {
    for (const { state, event, before } of paths(6)) {
      if (channelTable[state][event]?.action !== 'shut') continue
      const owes = has([...before, event], 'manifest', ['released', 'told'])
      expect(owes, [...before, event].join(', ')).toBe(false)
    }
  })

  test('the socket is not shut while a connection is unanswered, unless the other end has the reason', () => {
    for (const { state, event, before } of paths(6)) {
      if (channelTable[state][event]?.action !== 'shut') continue
      const owes = has([...before, event], 'connections', ['answered', 'ended', 'told'])
      expect(owes, [...before, event].join(', ')).toBe(false)
    }
  })

  test('a close leads to the shut, by itself or with what the other end does', () => {
    for (const { state, event } of paths(6)) {
      if (event !== 'close' && event !== 'refuse') continue
      let now = channelTable[state][event]?.to ?? state
      for (const later of ['answered', 'told'] as const) now = channelTable[now][later]?.to ?? now
      expect(now).toBe('closed')
    }
  })

  test('every state is reached, and nothing follows the last one', () => {
    expect(new Set([...paths(6)].map(({ state }) => state))).toEqual(new Set(states))
    expect(channelTable.closed).toEqual({})
  })
})

/** Receives until the end. @returns the types of the messages, and `end` if it came */
async function received(peer: UnixSocket, signal?: AbortSignal): Promise<string[]> {
  const decoder = new FrameDecoder()
  const types: string[] = []
  for (;;) {
    const arrival = await peer.receive(signal === undefined ? {} : { signal }).catch(() => undefined)
    if (arrival === undefined) return types
    if (arrival === null) return [...types, 'end']
    for (const fd of arrival.fds) fd.close()
    types.push(...[...decoder.push(arrival.data)].map(({ type }) => type))
  }
}

const manifest = (channel: HandoverChannel) => channel.send('manifest')
const released = (channel: HandoverChannel) => channel.send('released')
async function connection(channel: HandoverChannel) {
  const [fd, other] = socketpair('stream')
  using _ = fd
  using __ = other
  await channel.send('connections', Buffer.alloc(6), [fd])
}

async function answered(channel: HandoverChannel, peer: UnixSocket) {
  await peer.send(encodeFrame({ type: 'taken', payload: encodeAnswers([0]), fdCount: 0 }))
  await channel.receive()
}

describe('a channel that is closed', () => {
  test.each([
    ['with nothing owed ends at once', [], ['end']],
    ['before its verdict refuses', [manifest], ['manifest', 'refused', 'end']],
    ['after its verdict ends at once', [manifest, released], ['manifest', 'released', 'end']],
    ['after every answer ends at once', [connection, answered], ['connections', 'end']],
    ['twice ends once', [(channel: HandoverChannel) => channel.close()], ['end']],
  ])('%s', async (_, steps, expected) => {
    const { isBalanced } = fdCensus()
    {
      using ends = besidePeer()
      for (const step of steps) await step(ends.channel, ends.peer)
      ends.channel.close()
      expect(await received(ends.peer)).toEqual(expected)
      await expect(ends.channel.send('hello')).rejects.toMatchObject({ code: 'ERR_CHANNEL_CLOSED' })
    }
    await isBalanced()
  })

  test('before an answer waits for it, and then ends without another call', async () => {
    using ends = besidePeer()
    const { channel, peer } = ends
    await connection(channel)
    channel.close()
    expect(channel.closed).toBe(true)
    const silence = new AbortController()
    const nothing = received(peer, silence.signal)
    for (let turns = 0; turns < 3; turns++) await new Promise((resolve) => setImmediate(resolve))
    silence.abort()
    expect(await nothing).toEqual(['connections'])
    await answered(channel, peer)
    expect(await received(peer)).toEqual(['end'])
  })

  test('before an answer ends when the other end has exited', async () => {
    const { isBalanced } = fdCensus()
    using ends = besidePeer()
    await connection(ends.channel)
    ends.channel.close()
    ends.peer.close()
    await ends.channel.receive().catch(() => null)
    ends.channel.close()
    await isBalanced()
  })
})
