import { expect, test } from 'vitest'
import { z } from 'zod'
import { ask } from './ask.ts'
import { ControlServer } from './control-server.ts'
import { testServer, words } from './testing/test-server.ts'

const answer = async () => ({ say: 'x' })
const listen = (options: object) =>
  ControlServer.listen({ path: '/nowhere/x', protocol: words, answer, ...options } as never)
const request = { ask: 'x' }

test.each<[string, () => Promise<unknown>, RegExp]>([
  ['a protocol without schemas', () => listen({ protocol: {} }), /request must be a schema .* not undefined/],
  [
    'a schema that cannot encode',
    () => listen({ protocol: { ...words, reply: { safeParse() {} } } }),
    /reply must be/,
  ],
  [
    'a misspelled refuse',
    () => listen({ protocol: { ...words, refus: () => {} } }),
    /the protocol of ControlServer\.listen\(\) has no option "refus"\. Did you mean "refuse"\?/,
  ],
  [
    'a kindOf that is no function',
    () => listen({ protocol: { ...words, kindOf: 5 } }),
    /kindOf must be a function/,
  ],
  [
    'a protocol of ask()',
    () => ask({ path: '/nowhere/x', protocol: { request: z.any() } as never, request }),
    /the protocol of ask\(\) or askForReplies\(\): reply must be a schema/,
  ],
  [
    'no request at a time',
    () => listen({ maxRequestsOfAKind: 0 }),
    /maxRequestsOfAKind must be .* from 1 on/,
  ],
  ['requests of no bytes', () => listen({ maxRequestBytes: 0 }), /maxRequestBytes must be .* from 1 on/],
])('%s is an error', async (_, call, message) => {
  await expect(call()).rejects.toMatchObject({
    code: 'ERR_INVALID_ARGUMENT',
    message: expect.stringMatching(message),
  })
})

test('a time that no timer can hold is the longest that one can', async () => {
  await using server = await testServer({ requestTimeoutMs: Infinity, replyTimeoutMs: 2 ** 31 })
  expect(await ask({ path: server.path, protocol: words, request })).toEqual({ say: 'x' })
})
