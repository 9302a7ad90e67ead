import { createSocket } from 'node:dgram'
import { createServer } from 'node:http'
import { createServer as createNetServer } from 'node:net'
import { expect, test } from 'vitest'
import { Flip, type FlipParts } from '../flip.ts'
import { normalizeOptions } from '../flip-options.ts'
import { FirstStart } from '../predecessor/first-start.ts'
import { askForRestart } from '../restart-socket/ask-for-restart.ts'

/** One of a first start that serves nothing yet, with arguments that TypeScript would refuse. */
function preparingFlip() {
  const parts = { options: normalizeOptions({}), predecessor: new FirstStart(() => {}), emit() {} }
  const flip = new Flip<undefined>(parts as unknown as FlipParts)
  return flip as unknown as Record<'listen' | 'bind' | 'open', (...args: unknown[]) => Promise<unknown>>
}

const server = () => createServer()

test.each<[string, (flip: ReturnType<typeof preparingFlip>) => Promise<unknown>, RegExp]>([
  ['no server', (flip) => flip.listen(), /takes a server of node:net, http, https or http2, not undefined/],
  [
    'an Express app',
    (flip) => flip.listen(() => {}, { port: 0 }),
    /not a function\. Pass createServer\(app\)/,
  ],
  [
    'a Fastify app',
    (flip) => flip.listen({ server: server() }, { port: 0 }),
    /not an object\. Pass its server property\./,
  ],
  ['no address', (flip) => flip.listen(server()), /takes an address such as \{ port: 8080 \}, not undefined/],
  ['a port as address', (flip) => flip.listen(server(), 8080), /address such as \{ port: 8080 \}, not 8080/],
  ['an empty address', (flip) => flip.listen(server(), {}), /takes a port, a path, or the name/],
  [
    'prot',
    (flip) => flip.listen(server(), { prot: 1 }),
    /the address .* has no option "prot"\. Did you mean "port"/,
  ],
  ['hostname', (flip) => flip.listen(server(), { port: 1, hostname: 'x' }), /no option "hostname".* "host"/],
  ['a text as port', (flip) => flip.listen(server(), { port: '8080' }), /not "8080"\. Use Number\(port\)/],
  ['a port too high', (flip) => flip.listen(server(), { port: 65_536 }), /from 0 to 65535, not 65536/],
  ['a port that is not a number', (flip) => flip.listen(server(), { port: Number('x') }), /not NaN/],
  [
    'an empty host',
    (flip) => flip.listen(server(), { port: 1, host: '' }),
    /Leave it out to listen at every/,
  ],
  [
    'path and port',
    (flip) => flip.listen(server(), { port: 1, path: '/x' }),
    /either a path, or a host and a port/,
  ],
  ['an empty path', (flip) => flip.listen(server(), { path: '' }), /path must be the path of a socket/],
  [
    'a mode as text',
    (flip) => flip.listen(server(), { path: '/x', mode: '660' }),
    /such as 0o660, not "660"/,
  ],
  [
    'a backlog as text',
    (flip) => flip.listen(server(), { port: 1, backlog: '5' }),
    /backlog must be a whole number/,
  ],
  [
    'an option in the address',
    (flip) => flip.listen(server(), { port: 1, lingerMs: 1 }),
    /third argument: \{ lingerMs \}/,
  ],
  [
    'lingerTime',
    (flip) => flip.listen(server(), { port: 1 }, { lingerM: 1 }),
    /no option "lingerM"\. .*"lingerMs"/,
  ],
  [
    'linger as text',
    (flip) => flip.listen(server(), { port: 1 }, { lingerMs: '5s' }),
    /lingerMs must be a number/,
  ],
  [
    'handOver as text',
    (flip) => flip.listen(server(), { port: 1 }, { handOver: 'yes' }),
    /handOver must be true/,
  ],
  [
    'half a carrier',
    (flip) => flip.listen(createNetServer(), { port: 1 }, { handOver: { giv: () => {} } }),
    /handOver of flip\.listen\(\) has no option "giv"\. Did you mean "give"\?/,
  ],
  ['no UDP socket', (flip) => flip.bind(server(), { port: 1 }), /takes a socket of node:dgram/],
  [
    'a backlog of UDP',
    (flip) => {
      const socket = createSocket('udp4')
      return flip.bind(socket, { port: 1, backlog: 1 }).finally(() => socket.close())
    },
    /the address of flip\.bind\(\) has no option "backlog"/,
  ],
  ['no name', (flip) => flip.open(() => {}), /flip\.open\(\) takes a name .* not a function/],
  [
    'nothing that makes it',
    (flip) => flip.open('x'),
    /takes a function that makes the descriptor, not undefined/,
  ],
  ['a number', (flip) => flip.open('x', () => 3), /must return an OwnedFd .* not 3\. Wrap a number/],
  ['no path', () => askForRestart(undefined as never), /takes the path of a control socket, not undefined/],
  ['timeout', () => askForRestart('x', { timeout: 1 } as never), /askForRestart\(\) has no option "timeout"/],
  ['no signal', () => askForRestart('x', { signal: 5 } as never), /signal must be an AbortSignal, not 5/],
])('reports %s', async (_, call, message) => {
  const refused = await call(preparingFlip()).catch((error: unknown) => error)
  expect(refused).toMatchObject({
    name: 'ShellflipError',
    code: 'ERR_INVALID_ARGUMENT',
    message: expect.stringMatching(message),
  })
})
