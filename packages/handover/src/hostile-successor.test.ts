import { listenTcp, type UnixSocket } from '@shellflip/fd-passing'
import { defineState, defineStateStream } from '@shellflip/state-serialization'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { FrameDecoder, type FrameType } from './frame.ts'
import { giveHandover } from './give-handover.ts'
import type { HandoverResult } from './handover-failure.ts'
import { besidePeer, fdCensus, message } from './testing/connected.ts'

const Blob = defineState({ name: 'blob', version: 1, schema: z.instanceof(Buffer) })
const Blobs = defineStateStream({ name: 'blob', version: 1, schema: z.instanceof(Buffer) })
const hello = { protocol: 1, pid: 42, accepts: { blob: 1 } }

/** Reads all that the peer received. */
async function heard(peer: UnixSocket): Promise<{ type: string; text: string }[]> {
  const decoder = new FrameDecoder()
  const found: { type: string; text: string }[] = []
  for (;;) {
    // A reset comes after all that was said: the predecessor closed with something unread.
    const arrival = await peer.receive().catch(() => null)
    if (arrival === null) return found
    for (const fd of arrival.fds) fd.close()
    for (const { type, payload } of decoder.push(arrival.data)) found.push({ type, text: payload.toString() })
  }
}

/** A handover with a socket and `stateBytes` of state, to a successor of which only the script is known. */
async function given(
  script: (peer: UnixSocket) => Promise<unknown>,
  { stateBytes = 1_000, readyTimeoutMs = 5_000, signal = new AbortController().signal } = {},
): Promise<HandoverResult> {
  const census = fdCensus()
  let result: HandoverResult
  {
    using ends = besidePeer()
    using fd = listenTcp({ host: '127.0.0.1', port: 0 })
    const state = { definition: Blob, value: Buffer.alloc(stateBytes) }
    const giving = giveHandover(
      ends.channel,
      { version: '1', sockets: [{ name: 'http', fd }], state },
      { readyTimeoutMs, signal },
    )
    await script(ends.peer)
    result = await giving
  }
  await census.isBalanced()
  return result
}

/** Reads until this has come. */
async function read(peer: UnixSocket, until: FrameType = 'stateEnd'): Promise<void> {
  const decoder = new FrameDecoder()
  for await (const { data, fds } of peer) {
    for (const fd of fds) fd.close()
    if ([...decoder.push(data)].some(({ type }) => type === until)) return
  }
}

const greet = (peer: UnixSocket) => peer.send(message('hello', hello))
const failed = (failure: object) => ({ type: 'failed', failure })
const amidState: FrameType = process.platform === 'linux' ? 'stateWritten' : 'state'
const large = { stateBytes: 8 * 1024 * 1024 }

describe('a successor that ends', () => {
  test.each<[string, (peer: UnixSocket) => Promise<unknown>, object?]>([
    ['at once', async (peer) => peer.close()],
    [
      'amid its first word',
      (peer) => peer.send(message('hello', hello).subarray(0, 20)).then(() => peer.close()),
    ],
    ['after its first word', (peer) => greet(peer).then(() => peer.close())],
    [
      'amid the state',
      (peer) =>
        greet(peer)
          .then(() => read(peer, amidState))
          .then(() => peer.close()),
      large,
    ],
    [
      'after the state',
      (peer) =>
        greet(peer)
          .then(() => read(peer))
          .then(() => peer.close()),
    ],
  ])('%s', async (_, script, options) => {
    expect(await given(script, options)).toMatchObject(failed({ type: 'gone' }))
  })

  test('after "ready", before it could receive "commit"', async () => {
    const script = async (peer: UnixSocket) => {
      await greet(peer)
      await read(peer)
      await peer.send(message('ready'))
      peer.close()
    }
    expect(await given(script)).toMatchObject(failed({ type: 'gone' }))
  })
})

test('a successor that has exited before "commit": its last message has the reason', async () => {
  const script = async (peer: UnixSocket) => {
    await greet(peer)
    await read(peer)
    await peer.send(Buffer.concat([message('ready'), message('refused', 'stopped')]))
    peer.close()
  }
  expect(await given(script)).toMatchObject(failed({ type: 'refused', reason: '"stopped"' }))
})

describe('a successor that was ready, and has not said that it heard "commit"', () => {
  const untilCommit = async (peer: UnixSocket) => {
    await greet(peer)
    await read(peer)
    await peer.send(message('ready'))
    await read(peer, 'commit')
  }

  test('and dies', async () => {
    const script = async (peer: UnixSocket) => {
      await untilCommit(peer)
      peer.close()
    }
    expect(await given(script)).toMatchObject(failed({ type: 'gone' }))
  })

  test('and refuses', async () => {
    const script = async (peer: UnixSocket) => {
      await untilCommit(peer)
      await peer.send(message('refused', 'stopped'))
    }
    expect(await given(script)).toMatchObject(failed({ type: 'refused', reason: '"stopped"' }))
  })

  test('and hangs is given up when its time is over, and gets the reason', async () => {
    using ends = besidePeer()
    const giving = giveHandover(ends.channel, { version: '1', sockets: [] }, { readyTimeoutMs: 100 })
    await greet(ends.peer)
    await ends.peer.send(message('ready'))
    expect(await giving).toMatchObject(failed({ type: 'not-ready', timeoutMs: 100 }))
    expect((await heard(ends.peer)).map(({ type }) => type)).toEqual(['manifest', 'commit', 'refused'])
  })

  test('and has no room for "commit", since it has not read: it is given up when its time is over', async () => {
    using ends = besidePeer()
    const giving = giveHandover(ends.channel, { version: '1', sockets: [] }, { readyTimeoutMs: 100 })
    await greet(ends.peer)
    await read(ends.peer, 'manifest')
    const chunks = Array.from({ length: 8 }, () => ends.channel.send('state', Buffer.alloc(200 * 1024)))
    const stuck = Promise.allSettled(chunks)
    await ends.peer.send(message('ready'))
    expect(await giving).toMatchObject(failed({ type: 'not-ready', timeoutMs: 100 }))
    // The process that gave it up ends it.
    ends.peer.close()
    await stuck
  })

  test('and says it when the predecessor has had enough: too late to take it back', async () => {
    using ends = besidePeer()
    const abort = new AbortController()
    const giving = giveHandover(
      ends.channel,
      { version: '1', sockets: [] },
      { readyTimeoutMs: 5_000, signal: abort.signal },
    )
    await greet(ends.peer)
    await ends.peer.send(message('ready'))
    await read(ends.peer, 'commit')
    abort.abort()
    await ends.peer.send(message('serving'))
    expect(await giving).toMatchObject({ type: 'committed' })
  })
})

test.runIf(process.platform === 'linux')(
  'a successor is who the kernel says, and not who it says itself',
  async () => {
    using ends = besidePeer()
    const hellos: unknown[] = []
    const giving = giveHandover(
      ends.channel,
      { version: '1', sockets: [] },
      { onHello: (successor) => hellos.push(successor) },
    )
    // As pid 42.
    await greet(ends.peer)
    await read(ends.peer, 'manifest')
    expect(hellos).toEqual([{ pid: process.pid }])
    await ends.peer.send(message('ready'))
    await read(ends.peer, 'commit')
    await ends.peer.send(message('serving'))
    expect(await giving).toMatchObject({ type: 'committed', successor: { pid: process.pid } })
  },
)

describe('a successor that is silent', () => {
  test.each<[string, (peer: UnixSocket) => Promise<unknown>, object?]>([
    ['from the beginning', async () => {}],
    ['after its first word, without reading', greet, large],
    ['after the state', (peer) => greet(peer).then(() => read(peer))],
  ])('%s', async (_, script, options) => {
    const result = await given(script, { ...options, readyTimeoutMs: 100 })
    expect(result).toMatchObject(failed({ type: 'not-ready', timeoutMs: 100 }))
    expect(result.elapsedMs).toBeLessThan(3_000)
  })

  test('gets the reason before the end of the channel, and its late "ready" has no effect', async () => {
    using ends = besidePeer()
    const giving = giveHandover(ends.channel, { version: '1', sockets: [] }, { readyTimeoutMs: 50 })
    await greet(ends.peer)
    await giving
    await ends.peer.send(message('ready')).catch(() => {})
    expect(await heard(ends.peer)).toEqual([
      { type: 'manifest', text: expect.any(String) },
      { type: 'refused', text: 'the successor was not ready within 50 ms' },
    ])
  })

  test('and has not read: the reason waits behind the state, and no mere end comes before it', async () => {
    using ends = besidePeer()
    const giving = giveHandover(
      ends.channel,
      {
        version: '1',
        sockets: [],
        state: { definition: Blobs, items: Array(24).fill(Buffer.alloc(1_000_000)) },
      },
      { readyTimeoutMs: 50 },
    )
    await greet(ends.peer)
    expect(await giving).toMatchObject(failed({ type: 'not-ready' }))
    ends.channel.close()
    const types = (await heard(ends.peer)).map(({ type }) => type)
    expect(types.at(-1)).toBe('refused')
    expect(types).not.toContain('stateEnd')
  })
})

describe('a successor that sends garbage', () => {
  const garbage = Buffer.alloc(64, 0xa5)
  test.each<[string, (peer: UnixSocket) => Promise<unknown>, object?]>([
    ['instead of its first word', (peer) => peer.send(garbage)],
    ['as its first word', (peer) => peer.send(message('hello', 'hi'))],
    ['out of turn', (peer) => peer.send(message('ready'))],
    ['of another version', (peer) => peer.send(message('hello', { ...hello, protocol: 2 }))],
    [
      'amid the state',
      (peer) =>
        greet(peer)
          .then(() => read(peer, amidState))
          .then(() => peer.send(garbage)),
      large,
    ],
    [
      'instead of "ready"',
      (peer) =>
        greet(peer)
          .then(() => read(peer))
          .then(() => peer.send(garbage)),
    ],
    ['a second first word', (peer) => greet(peer).then(() => greet(peer))],
    [
      'descriptors that nobody asked for',
      async (peer) => {
        using fd = listenTcp({ host: '127.0.0.1', port: 0 })
        await peer.send(message('hello', hello), { fds: [fd] })
      },
    ],
  ])('%s', async (_, script, options) => {
    expect(await given(script, options)).toMatchObject(
      failed({ type: 'protocol', error: { code: 'ERR_PROTOCOL' } }),
    )
  })
})

describe('a predecessor that has had enough', () => {
  test.each([true, false])('before the successor has said a word: %s', async (atOnce) => {
    const abort = new AbortController()
    if (atOnce) abort.abort()
    const script = async (peer: UnixSocket) => {
      if (atOnce) return
      await greet(peer)
      await read(peer, amidState)
      abort.abort()
    }
    expect(await given(script, { ...large, signal: abort.signal })).toMatchObject(failed({ type: 'aborted' }))
  })

  test('and closes the channel: a successor that has everything is informed, and does not take it for a death', async () => {
    using ends = besidePeer()
    const giving = giveHandover(ends.channel, { version: '1', sockets: [] })
    await greet(ends.peer)
    await read(ends.peer, 'manifest')
    ends.channel.close()
    expect((await heard(ends.peer)).at(-1)).toEqual({
      type: 'refused',
      text: 'the predecessor has closed the channel',
    })
    expect(await giving).toMatchObject(failed({ type: 'aborted' }))
  })

  test.each(['nothing', 'ready'])(
    'is not held by items that never come, if the successor says %s',
    async (word) => {
      const Items = defineStateStream({ name: 'blob', version: 1, schema: z.any() })
      const never = { [Symbol.asyncIterator]: () => ({ next: () => new Promise<never>(() => {}) }) }
      using ends = besidePeer()
      const state = { definition: Items, items: never }
      const giving = giveHandover(ends.channel, { version: '1', sockets: [], state }, { readyTimeoutMs: 50 })
      await greet(ends.peer)
      if (word === 'ready') await ends.peer.send(message('ready'))
      expect(await giving).toMatchObject(failed({ type: 'not-ready' }))
      expect((await heard(ends.peer)).map(({ type }) => type)).toEqual(['manifest', 'refused'])
    },
  )
})
