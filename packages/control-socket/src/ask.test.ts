import { once } from 'node:events'
import { createServer, type Socket } from 'node:net'
import { temporaryFolder, waitFor } from '@shellflip/testing'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { ask, askForReplies } from './ask.ts'
import { ControlServer } from './control-server.ts'
import { RawClient, rawFrame, testServer, words, wordsWithRefusal } from './testing/test-server.ts'

const failing = (code: string, message: RegExp = /./) =>
  expect.objectContaining({ code, message: expect.stringMatching(message) })

test('a request has its reply', async () => {
  await using server = await testServer()
  expect(await ask({ path: server.path, protocol: words, request: { ask: 'ü€😀' } })).toEqual({
    say: 'ü€😀',
  })
})

test('the server gets the credentials of the client from the kernel', async () => {
  await using server = await testServer({ answer: async (_, { peer }) => ({ say: JSON.stringify(peer) }) })
  const { say } = await ask({ path: server.path, protocol: words, request: { ask: '' } })
  expect(JSON.parse(say)).toEqual({ pid: process.pid, uid: process.getuid?.(), gid: process.getgid?.() })
})

test('replies come as they are made; ask waits for the last', async () => {
  let proceed = () => {}
  await using server = await testServer({
    async *answer() {
      yield { say: 'one' }
      await new Promise<void>((resolve) => {
        proceed = resolve
      })
      yield { say: 'two' }
    },
  })
  const replies = askForReplies({ path: server.path, protocol: words, request: { ask: '' } })
  expect(await replies.next()).toEqual({ done: false, value: { say: 'one' } })
  proceed()
  expect(await replies.next()).toEqual({ done: false, value: { say: 'two' } })
  expect(await replies.next()).toEqual({ done: true, value: undefined })

  const last = ask({ path: server.path, protocol: words, request: { ask: '' } })
  const before = proceed
  await waitFor(() => proceed !== before)
  proceed()
  expect(await last).toEqual({ say: 'two' })
})

test('a reply of 8 MiB arrives whole', async () => {
  const say = 'x'.repeat(8 * 1024 * 1024 - 10)
  await using server = await testServer({ answer: async () => ({ say }) })
  expect((await ask({ path: server.path, protocol: words, request: { ask: '' } })).say === say).toBe(true)
})

test('leaving the loop closes the connection, and the server notices it', async () => {
  let reason: Error | undefined
  await using server = await testServer({
    async *answer(_, { signal }) {
      yield { say: 'first' }
      await once(signal, 'abort')
      reason = signal.reason
    },
  })
  for await (const _ of askForReplies({ path: server.path, protocol: words, request: { ask: '' } })) break
  await waitFor(() => reason)
  expect(reason).toEqual(failing('ERR_CLOSED_EARLY'))
  expect(server.events).toEqual([])
})

describe('an abort', () => {
  test('ends the asking with its reason', async () => {
    const abort = new AbortController()
    await using server = await testServer({
      answer: (_, { signal }) => {
        abort.abort('enough')
        return new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)))
      },
    })
    const asked = ask({ path: server.path, protocol: words, request: { ask: '' }, signal: abort.signal })
    await expect(asked).rejects.toBe('enough')
  })

  test('that came before sends no request', async () => {
    const asked = ask({
      path: '/nowhere',
      protocol: words,
      request: { ask: '' },
      signal: AbortSignal.abort('no'),
    })
    await expect(asked).rejects.toBe('no')
  })
})

describe('no server answers', () => {
  const request = { ask: '' }

  test('if the path does not exist', async () => {
    using folder = temporaryFolder()
    await expect(ask({ path: folder.join('none'), protocol: words, request })).rejects.toEqual(
      failing('ERR_NOBODY_THERE', /none. Check that the service is running$/),
    )
  })

  test('at a path beyond what the kernel takes', async () => {
    const path = `/${'x'.repeat(107)}`
    await expect(ask({ path, protocol: words, request })).rejects.toEqual(
      failing(
        'ERR_CONTROL_PATH_TOO_LONG',
        process.platform === 'linux' ? /has 108 bytes, and the system takes 107/ : /103/,
      ),
    )
  })

  test('a request that is not in the protocol: it is not even sent', async () => {
    const asked = ask({
      path: '/nowhere',
      protocol: words,
      request: { ask: 1 } as unknown as { ask: string },
    })
    await expect(asked).rejects.toEqual(failing('ERR_MALFORMED', /cannot be encoded: ask: /))
  })
})

describe('a server that is not what it should be', () => {
  const request = { ask: 'x' }
  const cases: [name: string, serve: (client: Socket) => void, code: string, message: RegExp][] = [
    ['closes at once', (client) => client.destroy(), 'ERR_CLOSED_EARLY', /Its log may have the reason/],
    ['ends without a reply', (client) => client.end(), 'ERR_CLOSED_EARLY', /before it replied/],
    [
      'ends inside a header',
      (client) => client.end(rawFrame('1').subarray(0, 3)),
      'ERR_CLOSED_EARLY',
      /in the middle/,
    ],
    [
      'ends inside a reply',
      (client) => client.end(rawFrame('1').subarray(0, 4)),
      'ERR_CLOSED_EARLY',
      /in the middle/,
    ],
    [
      'says what is no reply',
      (client) => client.end(rawFrame('{"say":1}')),
      'ERR_MALFORMED',
      /not in the protocol: say: /,
    ],
    ['says what is no JSON', (client) => client.end(rawFrame('say')), 'ERR_MALFORMED', /not JSON/],
    [
      'announces 4 GiB',
      (client) => client.end(Buffer.alloc(4, 255)),
      'ERR_FRAME_TOO_LARGE',
      /4294967295 bytes/,
    ],
  ]
  test.each(cases)('%s', async (_, serve, code, message) => {
    using folder = temporaryFolder()
    const server = createServer((client) => client.once('data', () => serve(client))).listen(folder.join('s'))
    try {
      await once(server, 'listening')
      await expect(ask({ path: folder.join('s'), protocol: words, request })).rejects.toEqual(
        failing(code, message),
      )
    } finally {
      server.close()
    }
  })
})

describe('an answer that fails', () => {
  const answers: [name: string, answer: () => Promise<{ say: string }> | AsyncIterable<{ say: string }>][] = [
    ['rejecting', () => Promise.reject(new Error('broken'))],
    [
      'throwing at once',
      () => {
        throw new Error('broken')
      },
    ],
    [
      'throwing later',
      async function* () {
        yield { say: 'so far' }
        throw new Error('broken')
      },
    ],
  ]
  test.each(answers)('%s, is reported in the form of the protocol, and to the owner', async (_, answer) => {
    await using server = await testServer({ protocol: wordsWithRefusal, answer })
    const asked = ask({ path: server.path, protocol: wordsWithRefusal, request: { ask: '' } })
    expect(await asked).toEqual({ say: 'no: broken' })
    expect(server.events).toEqual([
      expect.objectContaining({ type: 'answer-failed', error: new Error('broken') }),
    ])
  })

  test.each(answers)(
    '%s, is an error with a code where the protocol has no words for it',
    async (_, answer) => {
      await using server = await testServer({ answer })
      await expect(ask({ path: server.path, protocol: words, request: { ask: '' } })).rejects.toEqual(
        failing('ERR_ANSWER_FAILED', /^the server refused the request: broken$/),
      )
    },
  )

  test.each<[string, unknown, string, string | undefined]>([
    ['an error with a code', Object.assign(new Error('no disk'), { code: 'ENOSPC' }), 'no disk', 'ENOSPC'],
    ['an error with a strange code', Object.assign(new Error('x'), { code: '\u001b[2J' }), 'x', undefined],
    ['text', 'just text', 'just text', undefined],
    ['nothing', undefined, 'undefined', undefined],
    ['what has no text', Object.create(null), 'an error without a message', undefined],
    ['a long message', new Error('x'.repeat(100_000)), 'x'.repeat(2_048), undefined],
  ])(
    'by throwing %s, sends the message and the code, and nothing else',
    async (_, thrown, message, answerCode) => {
      await using server = await testServer({ answer: () => Promise.reject(thrown) })
      using client = await RawClient.connect(server.path)
      client.socket.write(rawFrame('{"ask":""}'))
      await client.closed
      const refused = {
        code: 'ERR_ANSWER_FAILED',
        message,
        ...(answerCode === undefined ? {} : { answerCode }),
      }
      expect(JSON.parse(client.heard.subarray(4).toString())).toEqual({ $refused: refused })
      const failure = ask({ path: server.path, protocol: words, request: { ask: '' } })
      await expect(failure).rejects.toMatchObject({ code: 'ERR_ANSWER_FAILED', answerCode })
    },
  )

  test('passes the code to the form of the protocol', async () => {
    const protocol = { ...words, refuse: (reason: string, code: string) => ({ say: `${code}: ${reason}` }) }
    await using server = await testServer({ protocol, answer: () => Promise.reject(new Error('broken')) })
    expect(await ask({ path: server.path, protocol, request: { ask: '' } })).toEqual({
      say: 'ERR_ANSWER_FAILED: broken',
    })
  })

  test('by saying what is not in the protocol', async () => {
    const answer = async () => ({ say: 1 }) as unknown as { say: string }
    await using server = await testServer({ answer })
    await expect(ask({ path: server.path, protocol: words, request: { ask: '' } })).rejects.toEqual(
      failing('ERR_ANSWER_FAILED', /cannot be encoded: say: /),
    )
    expect(server.events).toEqual([
      expect.objectContaining({
        type: 'answer-failed',
        error: failing('ERR_MALFORMED', /cannot be encoded: say: /),
      }),
    ])
  })

  test('by being neither a promise nor an iterable, is the reply itself', async () => {
    await using server = await testServer({ answer: (() => ({ say: 'plain' })) as never })
    expect(await ask({ path: server.path, protocol: words, request: { ask: '' } })).toEqual({
      say: 'plain',
    })
  })

  test.each([
    ['a code that no server may say', { code: 'ERR_NOBODY_THERE', message: 'x' }, 'ERR_ANSWER_FAILED'],
    ['no code', { message: 'x' }, 'ERR_MALFORMED'],
    ['nothing', null, 'ERR_MALFORMED'],
  ])('as a refusal with %s, is %s', async (_, refused, code) => {
    const protocol = { ...words, reply: z.any() }
    await using server = await testServer({
      protocol,
      answer: async () => ({ $refused: refused }) as never,
    })
    const failure = ask({ path: server.path, protocol: words, request: { ask: '' } })
    await expect(failure).rejects.toMatchObject({ code })
  })
})

test.each<[string, (options: never) => unknown, object]>([
  ['ask()', ask, { path: '/x', protocol: words, request: { ask: '' } }],
  [
    'ControlServer.listen()',
    (options) => ControlServer.listen(options),
    { path: '/x', protocol: words, answer: async () => ({ say: '' }) },
  ],
  [
    'ControlServer.adopt()',
    (options) => ControlServer.adopt(options),
    { fd: {}, protocol: words, answer: async () => ({ say: '' }) },
  ],
])('%s refuses wrong options', async (_, act, right) => {
  const more = [
    { pahts: '/x' },
    { protocol: 3 },
    { path: 3 },
    { requestTimeoutMs: NaN },
    { onEvents: () => {} },
  ]
  for (const options of [null, 'x', [], ...more.map((wrong) => ({ ...right, ...wrong }))]) {
    await expect((async () => act(options as never))()).rejects.toEqual(failing('ERR_INVALID_ARGUMENT'))
  }
})
