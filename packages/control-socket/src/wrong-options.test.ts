import { expect, test } from 'vitest'
import { z } from 'zod'
import { ask } from './ask.ts'
import { ControlServer } from './control-server.ts'
import { testServer, words } from './test-server.fixture.ts'

const answer = async () => ({ say: 'x' })
const listen = (options: object) =>
  ControlServer.listen({ path: '/nowhere/x', vocabulary: words, answer, ...options } as never)
const request = { ask: 'x' }

test.each<[string, () => Promise<unknown>, RegExp]>([
  [
    'a vocabulary without schemas',
    () => listen({ vocabulary: {} }),
    /request must be a schema .* not undefined/,
  ],
  [
    'a schema that cannot encode',
    () => listen({ vocabulary: { ...words, reply: { safeParse() {} } } }),
    /reply must be/,
  ],
  [
    'a misspelled refuse',
    () => listen({ vocabulary: { ...words, refus: () => {} } }),
    /the vocabulary of ControlServer\.listen\(\) has no option "refus"\. Did you mean "refuse"\?/,
  ],
  [
    'a kindOf that is no function',
    () => listen({ vocabulary: { ...words, kindOf: 5 } }),
    /kindOf must be a function/,
  ],
  [
    'a vocabulary of ask()',
    () => ask({ path: '/nowhere/x', vocabulary: { request: z.any() } as never, request }),
    /the vocabulary of ask\(\) or converse\(\): reply must be a schema/,
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
  expect(await ask({ path: server.path, vocabulary: words, request })).toEqual({ say: 'x' })
})
