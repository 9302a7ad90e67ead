import { once } from 'node:events'
import { waitFor } from '@shellflip/testing'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { ask } from './ask.ts'
import { RawClient, rawFrame, testServer, words, wordsWithRefusal } from './testing/test-server.ts'

afterEach(() => {
  vi.useRealTimers()
})

const request = rawFrame('{"ask":"x"}')
const reply = rawFrame('{"say":"x"}')

/** The server still answers a client that behaves. */
async function expectAnswered(path: string): Promise<void> {
  const asked = ask({
    path,
    protocol: words,
    request: { ask: 'hello' },
  })
  expect(await asked).toEqual({ say: 'hello' })
}

describe('a client that', () => {
  test('says nothing is closed after the timeout, and others are answered meanwhile', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    await using server = await testServer({ requestTimeoutMs: 1_000 })
    using silent = await RawClient.connect(server.path)
    await expectAnswered(server.path)
    vi.advanceTimersByTime(999)
    expect(server.events).toEqual([])
    vi.advanceTimersByTime(1)
    await silent.closed
    expect(server.events).toMatchObject([
      { type: 'request-refused', error: { code: 'ERR_CLIENT_TIMED_OUT' } },
    ])
  })

  test('sends its request byte by byte, too slowly, gets no more time than others', async () => {
    await using server = await testServer({ requestTimeoutMs: 200 })
    using slow = await RawClient.connect(server.path)
    let sent = 0
    const dripping = setInterval(() => slow.socket.write(request.subarray(sent, ++sent)), 50)
    await slow.closed
    clearInterval(dripping)
    expect(sent).toBeLessThan(request.length)
    expect(server.events).toMatchObject([
      { type: 'request-refused', error: { code: 'ERR_CLIENT_TIMED_OUT' } },
    ])
  })

  test('sends its request byte by byte, in time, is answered', async () => {
    await using server = await testServer()
    using slow = await RawClient.connect(server.path)
    for (const byte of request) {
      const written = new Promise((resolve) => slow.socket.write(Uint8Array.of(byte), resolve))
      await written
    }
    await slow.closed
    expect(slow.heard).toEqual(reply)
  })

  const garbage: [name: string, bytes: Buffer, code: string][] = [
    ['no frame', Buffer.from('GET / HTTP/1.1\r\nHost: x\r\n\r\n'), 'ERR_FRAME_TOO_LARGE'],
    ['a frame beyond the limit', Buffer.from([0, 1, 0, 1, 1]), 'ERR_FRAME_TOO_LARGE'],
    ['an empty frame', rawFrame(''), 'ERR_MALFORMED'],
    ['no JSON', rawFrame('hello'), 'ERR_MALFORMED'],
    ['another protocol', rawFrame('{"Request":"TryRestart"}'), 'ERR_MALFORMED'],
    ['a request and more', Buffer.concat([request, request]), 'ERR_MALFORMED'],
    ['a request and a byte', Buffer.concat([request, Buffer.of(0)]), 'ERR_MALFORMED'],
  ]
  test.each(garbage)('sends %s is closed at once', async (_, bytes, code) => {
    await using server = await testServer()
    using client = await RawClient.connect(server.path)
    client.socket.write(bytes)
    await client.closed
    expect(client.heard).toHaveLength(0)
    expect(server.events).toMatchObject([
      { type: 'request-refused', peer: { pid: process.pid }, error: { code } },
    ])
    await expectAnswered(server.path)
  })

  test('is not understood gets the reason, if the protocol can carry it', async () => {
    await using server = await testServer({ protocol: wordsWithRefusal })
    using client = await RawClient.connect(server.path)
    client.socket.write(rawFrame('{"ask":1}'))
    await client.closed
    expect(client.heard.subarray(4).toString()).toMatch(
      /^\{"say":"no: the message is not in the protocol: ask: /,
    )
  })

  test('sends more after its request is disconnected, and its answer is aborted', async () => {
    let asked: AbortSignal | undefined
    await using server = await testServer({
      answer: (_, { signal }) => {
        asked = signal
        return new Promise(() => {})
      },
    })
    using client = await RawClient.connect(server.path)
    client.socket.write(request)
    const signal = await waitFor(() => asked)
    client.socket.write('more')
    await client.closed
    expect(signal.aborted).toBe(true)
    expect(server.events).toMatchObject([{ type: 'client-cut', error: { code: 'ERR_MALFORMED' } }])
  })

  test('sends without end is cut, and costs no memory', async () => {
    await using server = await testServer()
    using client = await RawClient.connect(server.path)
    client.socket.write(Buffer.from([0, 0, 255, 255]))
    const flood = setInterval(() => client.socket.write(Buffer.alloc(16_384)), 1)
    await client.closed
    clearInterval(flood)
    expect(server.events).toMatchObject([{ type: 'request-refused', error: { code: 'ERR_MALFORMED' } }])
    await expectAnswered(server.path)
  })

  test('leaves in the middle of its request is forgotten', async () => {
    await using server = await testServer()
    using client = await RawClient.connect(server.path)
    client.socket.end(request.subarray(0, 7))
    await client.closed
    expect(server.events).toMatchObject([{ type: 'request-refused', error: { code: 'ERR_CLOSED_EARLY' } }])
  })

  test('only looks whether a server is there does not cause an event', async () => {
    await using server = await testServer()
    using client = await RawClient.connect(server.path)
    client.socket.end()
    await client.closed
    await expectAnswered(server.path)
    expect(server.events).toEqual([])
  })

  test('closes its half after the request is answered', async () => {
    await using server = await testServer({
      async *answer() {
        yield { say: 'first' }
        await once(client.socket, 'data')
        yield { say: 'x' }
      },
    })
    using client = await RawClient.connect(server.path)
    client.socket.end(request)
    await client.closed
    expect(client.heard).toEqual(Buffer.concat([rawFrame('{"say":"first"}'), reply]))
  })

  test('closes its half, and later leaves, is noticed', async () => {
    let signal: AbortSignal | undefined
    await using server = await testServer({
      answer: (_, context) => {
        signal = context.signal
        return new Promise(() => {})
      },
    })
    using client = await RawClient.connect(server.path)
    client.socket.end(request)
    await waitFor(() => signal)
    expect(signal?.aborted).toBe(false)
    client.socket.destroy()
    await waitFor(() => signal?.aborted)
  })

  test('does not read is cut, after no more was made for it than one frame beyond the kernel’s buffer', async () => {
    let made = 0
    let returned = false
    await using server = await testServer({
      replyTimeoutMs: 200,
      async *answer() {
        try {
          for (;;) {
            made++
            yield { say: 'x'.repeat(65_536) }
          }
        } finally {
          returned = true
        }
      },
    })
    using client = await RawClient.connect(server.path)
    client.socket.pause()
    client.socket.write(request)
    await waitFor(() => server.events.length > 0)
    expect(server.events).toMatchObject([{ type: 'client-cut', error: { code: 'ERR_CLIENT_TIMED_OUT' } }])
    expect(made).toBeLessThan(32)
    await waitFor(() => returned)
    await expectAnsweredNothingBut(server.path)
  })
})

/** A server whose answer never ends is alive if it begins one. */
async function expectAnsweredNothingBut(path: string): Promise<void> {
  using client = await RawClient.connect(path)
  client.socket.write(request)
  await once(client.socket, 'data')
}

describe('a crowd', () => {
  /** Connects clients one after the other, the oldest first. */
  async function crowdOf(count: number, path: string, bytes: Uint8Array): Promise<RawClient[]> {
    const crowd: RawClient[] = []
    for (let i = 0; i < count; i++) {
      const client = await RawClient.connect(path)
      client.socket.write(bytes)
      crowd.push(client)
    }
    return crowd
  }

  test.each([
    ['silent', Buffer.alloc(0)],
    ['slow', request.subarray(0, 5)],
  ])(
    'of %s clients does not delay others, and the oldest of them makes room for a new one',
    async (_, bytes) => {
      await using server = await testServer({ maxSilentClients: 2, requestTimeoutMs: 60_000 })
      const [first, second, ...others] = await crowdOf(4, server.path, bytes)
      await first?.closed
      await second?.closed
      await expectAnswered(server.path)
      const pushedOut = {
        type: 'client-refused',
        reason: 'too-many-silent-clients',
        peer: { pid: process.pid },
      }
      expect(server.events).toMatchObject([pushedOut, pushedOut])
      for (const { socket } of others) {
        expect(socket.destroyed).toBe(false)
        socket.destroy()
      }
    },
  )

  test('that connects at the same time does not push out a client whose request is complete', async () => {
    await using server = await testServer({ maxSilentClients: 1, requestTimeoutMs: 60_000 })
    const asked = expectAnswered(server.path)
    const crowd = Array.from({ length: 100 }, () => RawClient.connect(server.path))
    await asked
    for (const client of await Promise.all(crowd)) client.socket.destroy()
  })

  test('of one kind of request has its own places: one too many is refused, the others are answered', async () => {
    const kindOf = ({ ask }: { ask: string }) => (ask === 'x' ? 'watch' : 'request')
    const replies: (() => void)[] = []
    await using server = await testServer({
      protocol: { ...wordsWithRefusal, kindOf },
      maxRequestsOfAKind: 2,
      async *answer({ ask: say }, { signal }) {
        if (say !== 'x') return yield { say }
        await new Promise<void>((resolve) => {
          replies.push(resolve)
          signal.addEventListener('abort', () => resolve())
        })
        yield { say }
      },
    })
    const watchers = await crowdOf(2, server.path, request)
    await waitFor(() => replies.length === 2)
    const question = { path: server.path, protocol: words, request: { ask: 'x' } }
    expect(await ask(question)).toEqual({
      say: 'no: too many requests of this kind (watch) are being answered. Try again later.',
    })
    expect(server.events).toMatchObject([
      { type: 'client-refused', reason: 'too-many-requests', kind: 'watch', peer: { pid: process.pid } },
    ])
    await expectAnswered(server.path)

    // A place is free again when its client leaves, and when it has its answer.
    watchers[0]?.socket.destroy()
    replies[1]?.()
    await watchers[1]?.closed
    for (let count = 3; count < 5; count++) {
      const asked = ask(question)
      await waitFor(() => replies.length === count)
      replies.at(-1)?.()
      expect(await asked).toEqual({ say: 'x' })
    }
  })

  test('of waiting requests leaves no room for a further one of their kind', async () => {
    await using server = await testServer({
      maxRequestsOfAKind: 1,
      answer: () => new Promise(() => {}),
    })
    using waiting = await RawClient.connect(server.path)
    waiting.socket.write(request)
    await expect(ask({ path: server.path, protocol: words, request: { ask: '' } })).rejects.toMatchObject({
      code: 'ERR_BUSY',
    })
    expect(server.events).toMatchObject([{ reason: 'too-many-requests', kind: 'request' }])
  })
})

test('an answer whose kind cannot be determined fails like any other', async () => {
  const kindOf = () => {
    throw new Error('no kind')
  }
  await using server = await testServer({ protocol: { ...wordsWithRefusal, kindOf } })
  expect(await ask({ path: server.path, protocol: words, request: { ask: '' } })).toEqual({
    say: 'no: no kind',
  })
  expect(server.events).toMatchObject([{ type: 'answer-failed' }])
})

test('between two replies everybody else has a turn, even where the kernel takes all of them at once', async () => {
  let turns = 0
  let turnsMeanwhile = 0
  let turn = setImmediate(function count() {
    turns++
    turn = setImmediate(count)
  })
  await using server = await testServer({
    async *answer() {
      const before = turns
      for (let i = 0; i < 50; i++) yield { say: `${i}` }
      turnsMeanwhile = turns - before
    },
  })
  await ask({ path: server.path, protocol: words, request: { ask: '' } })
  clearImmediate(turn)
  expect(turnsMeanwhile).toBeGreaterThanOrEqual(49)
})

test('many silent and garbage clients do not delay others', async () => {
  await using server = await testServer({ requestTimeoutMs: 60_000 })
  const crowd = await Promise.all(Array.from({ length: 40 }, () => RawClient.connect(server.path)))
  for (const [i, client] of crowd.entries()) if (i % 2 === 0) client.socket.write(Buffer.alloc(50, i))
  await Promise.all(Array.from({ length: 10 }, () => expectAnswered(server.path)))
  for (const client of crowd) client[Symbol.dispose]()
})
