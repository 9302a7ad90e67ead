import { expect, test } from 'vitest'
import { ask, ControlServer } from './index.ts'

const wrong = (options: object) => options as never
const vocabulary = {}
const answer = () => {}

test.each<[string, () => unknown, RegExp]>([
  [
    'ask()',
    () => ask(wrong({ path: 'x', vocabulary, timeout: 1 })),
    /ask\(\) and converse\(\) has no option "timeout"/,
  ],
  ['ask() without a path', () => ask(wrong({ vocabulary })), /needs the option "path"/],
  [
    'ControlServer.listen()',
    () => ControlServer.listen(wrong({ path: 'x', vocabulary, answer, onEvents: answer })),
    /has no option "onEvents"\. Did you mean "onEvent"\?/,
  ],
  [
    'without an answer',
    () => ControlServer.listen(wrong({ path: 'x', vocabulary })),
    /needs the option "answer"/,
  ],
  [
    'with a text as timeout',
    () => ControlServer.listen(wrong({ path: 'x', vocabulary, answer, requestTimeoutMs: '5s' })),
    /requestTimeoutMs must be a number of milliseconds from 0 on, not "5s"/,
  ],
  [
    'ControlServer.adopt()',
    () => ControlServer.adopt(wrong({ fd: {}, vocabulary, answer, restorePath: true })),
    /ControlServer\.adopt\(\) has no option "restorePath"/,
  ],
])('%s is a mistake that is named', async (_, call, message) => {
  await expect((async () => call())()).rejects.toMatchObject({
    code: 'ERR_INVALID_ARGUMENT',
    message: expect.stringMatching(message),
  })
})
