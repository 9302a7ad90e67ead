import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { ask, ControlServer, encodeFrame, FrameDecoder } from '@shellflip/control-socket'
import { temporaryFolder } from '@shellflip/testing'
import { describe, expect, test } from 'vitest'
import { type ShellflipReply, shellflipProtocol } from './shellflip-protocol.ts'

const goldenRequest = '\0\0\0\x18{"Request":"TryRestart"}'

const goldenReplies: [bytes: string, reply: ShellflipReply][] = [
  ['\0\0\0\x25{"Response":{"RestartComplete":4242}}', { Response: { RestartComplete: 4242 } }],
  ['\0\0\0\x22{"Response":{"RestartComplete":0}}', { Response: { RestartComplete: 0 } }],
  ['\0\0\0\x24{"Response":{"RestartFailed":"why"}}', { Response: { RestartFailed: 'why' } }],
]

describe('the frames of the Rust shellflip, byte for byte', () => {
  test('the request', () => {
    const { request } = shellflipProtocol
    const checked = request.safeParse({ Request: 'TryRestart' })
    expect(checked).toEqual({ success: true, data: { Request: 'TryRestart' } })
    expect(encodeFrame({ Request: 'TryRestart' }).toString('latin1')).toBe(goldenRequest)
    expect(decode(goldenRequest).map((json) => request.safeParse(json))).toEqual([checked])
  })

  test.each(goldenReplies)('%j', (golden, value) => {
    const { reply } = shellflipProtocol
    const checked = reply.safeParse(value)
    expect(checked).toEqual({ success: true, data: value })
    expect(encodeFrame(value).toString('latin1')).toBe(golden)
    expect(decode(golden).map((json) => reply.safeParse(json))).toEqual([checked])
  })

  test.each(goldenReplies)('a client of theirs receives %j from our server', async (golden, value) => {
    using folder = temporaryFolder()
    const path = folder.join('restart.sock')
    await using _ = await ControlServer.listen({
      path,
      protocol: shellflipProtocol,
      answer: async () => value,
    })
    expect(await exchange(path, goldenRequest)).toBe(golden)
  })

  test.each(goldenReplies)('our client understands %j of their server', async (golden, value) => {
    await using theirs = await serverOf(golden)
    expect(await theirs.ask()).toEqual(value)
    expect(theirs.received).toEqual([goldenRequest])
  })

  test('garbage has its answer in their words', async () => {
    using folder = temporaryFolder()
    const path = folder.join('restart.sock')
    const answer = async () => ({ Response: { RestartComplete: 1 } })
    await using _ = await ControlServer.listen({ path, protocol: shellflipProtocol, answer })
    const reply = await exchange(path, '\0\0\0\x14{"Request":"Reboot"}')
    expect(reply.slice(4)).toMatch(/^\{"Response":\{"RestartFailed":"the message is not in the protocol: /)
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
])('%j is not a reply', async (json) => {
  await using theirs = await serverOf(encodeFrame(json).toString('latin1'))
  await expect(theirs.ask()).rejects.toMatchObject({ code: 'ERR_MALFORMED' })
})

test.each([
  { Request: 'Reboot' },
  { Request: 'TryRestart', more: 1 },
  {},
  null,
  'TryRestart',
  ['TryRestart'],
])('%j is not a request', async (json) => {
  const request = json as { Request: 'TryRestart' }
  const asking = ask({ path: '/nothing/listens/here', protocol: shellflipProtocol, request })
  await expect(asking).rejects.toMatchObject({
    code: 'ERR_MALFORMED',
    message: expect.stringContaining('TryRestart'),
  })
  expect(shellflipProtocol.request.safeParse(json)).toMatchObject({ success: false })
})

test('no file of the build loads zod, which would delay the start of every service', () => {
  const dist = new URL('../../dist/', import.meta.url)
  const files = readdirSync(dist).filter((file) => file.endsWith('.js'))
  expect(files).toEqual(expect.arrayContaining(['index.js', 'rust.js']))
  for (const file of files) expect(readFileSync(new URL(file, dist), 'utf8')).not.toMatch(/from ["']zod/)
})

function decode(bytes: string): unknown[] {
  return [...new FrameDecoder().push(Buffer.from(bytes, 'latin1'))]
}

/** Sends bytes to a server, and returns what it sends until it closes. */
async function exchange(path: string, request: string): Promise<string> {
  const socket = connect(path)
  socket.write(request, 'latin1')
  let reply = ''
  for await (const bytes of socket) reply += (bytes as Buffer).toString('latin1')
  return reply
}

/** Starts a server that answers each request with these bytes, as one of theirs would. */
async function serverOf(reply: string) {
  const folder = temporaryFolder()
  const path = folder.join('s')
  const received: string[] = []
  const server = createServer((client) => {
    client.setEncoding('latin1').once('data', (request: string) => {
      received.push(request)
      client.end(reply, 'latin1')
    })
  }).listen(path)
  await once(server, 'listening')
  return {
    received,
    ask: () => ask({ path, protocol: shellflipProtocol, request: { Request: 'TryRestart' } }),
    [Symbol.asyncDispose]: async () => {
      server.close()
      await once(server, 'close')
      folder[Symbol.dispose]()
    },
  }
}
