import { once } from 'node:events'
import { createServer } from 'node:net'
import { temporaryFolder } from '@shellflip/testing'
import { describe, expect, test } from 'vitest'
import { ask } from './ask.ts'
import { ControlServer } from './control-server.ts'
import { encodeFrame, FrameDecoder } from './frame.ts'
import { fromWire, toWire } from './protocol.ts'
import { type ShellflipReply, shellflipProtocol } from './shellflip.ts'
import { RawClient } from './testing/test-server.ts'

const goldenRequest = '\0\0\0\x18{"Request":"TryRestart"}'

const goldenReplies: [bytes: string, reply: ShellflipReply][] = [
  ['\0\0\0\x25{"Response":{"RestartComplete":4242}}', { Response: { RestartComplete: 4242 } }],
  ['\0\0\0\x22{"Response":{"RestartComplete":0}}', { Response: { RestartComplete: 0 } }],
  ['\0\0\0\x24{"Response":{"RestartFailed":"why"}}', { Response: { RestartFailed: 'why' } }],
]

describe('the frames of the Rust shellflip, byte for byte', () => {
  test('the request', () => {
    const { request } = shellflipProtocol
    expect(encodeFrame(toWire(request, { Request: 'TryRestart' })).toString('latin1')).toBe(goldenRequest)
    expect(decode(goldenRequest).map((json) => fromWire(request, json))).toEqual([{ Request: 'TryRestart' }])
  })

  test.each(goldenReplies)('%j', (golden, value) => {
    const { reply } = shellflipProtocol
    expect(encodeFrame(toWire(reply, value)).toString('latin1')).toBe(golden)
    expect(decode(golden).map((json) => fromWire(reply, json))).toEqual([value])
  })

  test.each(goldenReplies)('%j is what their client gets from our server', async (golden, value) => {
    using folder = temporaryFolder()
    const path = folder.join('restart.sock')
    await using _ = await ControlServer.listen({
      path,
      protocol: shellflipProtocol,
      answer: async () => value,
    })
    using client = await RawClient.connect(path)
    client.socket.write(goldenRequest, 'latin1')
    await client.closed
    expect(client.heard.toString('latin1')).toBe(golden)
  })

  test.each(goldenReplies)('%j is what our client understands of their server', async (golden, value) => {
    using folder = temporaryFolder()
    const heard: string[] = []
    const theirs = createServer((client) => {
      client.setEncoding('latin1').once('data', (request: string) => {
        heard.push(request)
        client.end(golden, 'latin1')
      })
    }).listen(folder.join('s'))
    await once(theirs, 'listening')
    const request = { Request: 'TryRestart' } as const
    const reply = await ask({ path: folder.join('s'), protocol: shellflipProtocol, request })
    theirs.close()
    expect(reply).toEqual(value)
    expect(heard).toEqual([goldenRequest])
  })

  test('garbage has its answer in their words', async () => {
    using folder = temporaryFolder()
    const path = folder.join('restart.sock')
    const answer = async () => ({ Response: { RestartComplete: 1 } })
    await using _ = await ControlServer.listen({ path, protocol: shellflipProtocol, answer })
    using client = await RawClient.connect(path)
    client.socket.write('\0\0\0\x14{"Request":"Reboot"}', 'latin1')
    await client.closed
    expect(client.heard.toString('latin1', 4)).toMatch(
      /^\{"Response":\{"RestartFailed":"the message is not in the protocol: /,
    )
  })
})

test.each([
  { Response: { RestartComplete: -1 } },
  { Response: { RestartComplete: 2 ** 32 } },
  { Response: { RestartComplete: 1, RestartFailed: 'both' } },
  { Response: {} },
  { Response: 'RestartComplete' },
  { Response: { RestartComplete: 1.5 } },
  { Response: { RestartFailed: 1 } },
  { Response: { RestartComplete: 1 }, more: 1 },
  { Response: null },
  { Request: 'TryRestart' },
  null,
  'Response',
])('%j is not a reply', (json) => {
  expect(() => fromWire(shellflipProtocol.reply, json)).toThrow(
    expect.objectContaining({ code: 'ERR_MALFORMED' }),
  )
})

test.each([
  { Request: 'Reboot' },
  { Request: 'TryRestart', more: 1 },
  {},
  null,
  'TryRestart',
  ['TryRestart'],
])('%j is not a request', (json) => {
  expect(() => fromWire(shellflipProtocol.request, json)).toThrow(
    expect.objectContaining({ code: 'ERR_MALFORMED', message: expect.stringContaining('TryRestart') }),
  )
})

function decode(bytes: string): unknown[] {
  return [...new FrameDecoder().push(Buffer.from(bytes, 'latin1'))]
}
