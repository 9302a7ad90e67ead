import { describe, expect, test } from 'vitest'
import { encodeFrame, FrameDecoder } from './frame.ts'
import { type ShellflipReply, shellflipVocabulary } from './shellflip.ts'
import { fromWire, toWire } from './vocabulary.ts'

const goldenReplies: [bytes: string, reply: ShellflipReply][] = [
  ['\0\0\0\x25{"Response":{"RestartComplete":4242}}', { Response: { RestartComplete: 4242 } }],
  ['\0\0\0\x22{"Response":{"RestartComplete":0}}', { Response: { RestartComplete: 0 } }],
  ['\0\0\0\x24{"Response":{"RestartFailed":"why"}}', { Response: { RestartFailed: 'why' } }],
]

describe('the frames of the Rust shellflip, byte for byte', () => {
  test('the request', () => {
    const golden = '\0\0\0\x18{"Request":"TryRestart"}'
    const { request } = shellflipVocabulary
    expect(encodeFrame(toWire(request, { Request: 'TryRestart' })).toString('latin1')).toBe(golden)
    expect(decode(golden).map((json) => fromWire(request, json))).toEqual([{ Request: 'TryRestart' }])
  })

  test.each(goldenReplies)('%j', (golden, value) => {
    const { reply } = shellflipVocabulary
    expect(encodeFrame(toWire(reply, value)).toString('latin1')).toBe(golden)
    expect(decode(golden).map((json) => fromWire(reply, json))).toEqual([value])
  })
})

test.each([
  { Response: { RestartComplete: -1 } },
  { Response: { RestartComplete: 2 ** 32 } },
  { Response: { RestartComplete: 1, RestartFailed: 'both' } },
  { Response: {} },
  { Response: 'RestartComplete' },
  { Request: 'TryRestart' },
])('%j is no reply', (json) => {
  expect(() => fromWire(shellflipVocabulary.reply, json)).toThrow(
    expect.objectContaining({ code: 'ERR_MALFORMED' }),
  )
})

function decode(bytes: string): unknown[] {
  return [...new FrameDecoder().push(Buffer.from(bytes, 'latin1'))]
}
