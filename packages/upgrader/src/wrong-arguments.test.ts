import { createSocket } from 'node:dgram'
import { createServer } from 'node:http'
import { createServer as createNetServer } from 'node:net'
import { basename, relative } from 'node:path'
import { freePort, temporaryFolder } from '@shellflip/testing'
import { expect, test } from 'vitest'
import { askForRestart } from './control-socket/ask-for-restart.ts'
import { FlipEvents } from './flip-events.ts'
import { type FlipOptions, normalizeOptions } from './flip-options.ts'
import type { FlipParts } from './flip-parts.ts'
import { FlipProcess } from './flip-process.ts'
import { NoPredecessor } from './predecessor/no-predecessor.ts'

/** One of a first start that serves nothing yet, with arguments that TypeScript would refuse. */
function preparingFlip(options: FlipOptions = {}) {
  const parts = {
    options: normalizeOptions(options),
    predecessor: new NoPredecessor(() => {}),
    events: new FlipEvents(),
  }
  const flip = new FlipProcess<undefined>(parts as unknown as FlipParts)
  return flip as unknown as Record<'listen' | 'bind' | 'open', (...args: unknown[]) => Promise<unknown>> & {
    exit(): void
  }
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
    'a mode that is too large',
    (flip) => flip.listen(server(), { path: '/x', mode: 0o1777 }),
    /such as 0o660, not 0o1777/,
  ],
  ['a mode for a port', (flip) => flip.listen(server(), { port: 1, mode: 0o600 }), /mode is for a UNIX path/],
  [
    'a backlog too large',
    (flip) => flip.listen(server(), { port: 1, backlog: 2 ** 31 }),
    /backlog must be less/,
  ],
  ['reusePort for a path', (flip) => flip.listen(server(), { path: '/x', reusePort: true }), /is for a port/],
  ['ipv6Only for a path', (flip) => flip.listen(server(), { path: '/x', ipv6Only: true }), /is for a port/],
  [
    'ipv6Only for IPv4',
    (flip) => flip.listen(server(), { port: 1, host: '127.0.0.1', ipv6Only: true }),
    /ipv6Only is for IPv6, and 127\.0\.0\.1/,
  ],
  ['a path with NUL', (flip) => flip.listen(server(), { path: '\0x' }), /An abstract path begins with "@"/],
  ['an empty name', (flip) => flip.listen(server(), { port: 0, name: '' }), /name must be a text/],
  ['brackets', (flip) => flip.listen(server(), { port: 1, host: '[::1]' }), /Write ::1 without brackets/],
  [
    'a URL as host',
    (flip) => flip.listen(server(), { port: 1, host: 'http://x' }),
    /or a name such as localhost/,
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
    'moveConnections as text',
    (flip) => flip.listen(server(), { port: 1 }, { moveConnections: 'yes' }),
    /moveConnections must be true/,
  ],
  [
    'half a carrier',
    (flip) => flip.listen(createNetServer(), { port: 1 }, { moveConnections: { giv: () => {} } }),
    /moveConnections of flip\.listen\(\) has no option "giv"\. Did you mean "give"\?/,
  ],
  ['no UDP socket', (flip) => flip.bind(server(), { port: 1 }), /takes a socket of node:dgram/],
  [
    'a backlog of UDP',
    (flip) => {
      const socket = createSocket('udp4')
      return flip.bind(socket, { port: 1, backlog: 1 }).finally(() => socket.close())
    },
    /the address of bind\(\) has no option "backlog"/,
  ],
  ['no name', (flip) => flip.open(() => {}), /open\(\) takes the name .* not a function/],
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
    name: expect.stringMatching(/^(Listeners|Shellflip)Error$/),
    code: 'ERR_INVALID_ARGUMENT',
    message: expect.stringMatching(message),
  })
})

test.each<[string, 'listen' | 'bind', object, object, RegExp]>([
  [
    'every address and one of them',
    'listen',
    {},
    { host: '127.0.0.1' },
    /at 127\.0\.0\.1:\d+: this service already has \*:\d+/,
  ],
  ['one address and every', 'listen', { host: '127.0.0.1' }, {}, /this service already has 127\.0\.0\.1:\d+/],
  [
    'a name and its address',
    'listen',
    { host: 'localhost' },
    { host: '127.0.0.1' },
    /this service already has localhost:\d+/,
  ],
  [
    'no host and 0.0.0.0, by UDP',
    'bind',
    {},
    { host: '0.0.0.0' },
    /at 0\.0\.0\.0:\d+: this service already has \*:\d+/,
  ],
])('names the other address of one port: %s', async (_, method, one, other, message) => {
  const flip = preparingFlip()
  const port = await freePort('127.0.0.1')
  const sockets = [createSocket('udp4'), createSocket('udp4')]
  const object = (index: number) => (method === 'bind' ? sockets[index] : server())
  await flip[method](object(0), { port, ...one })
  await expect(flip[method](object(1), { port, ...other })).rejects.toMatchObject({
    code: 'ERR_INVALID_ARGUMENT',
    message: expect.stringMatching(message),
  })
  for (const socket of sockets) socket.close()
  flip.exit()
})

test('takes two ways to write a path for one', async () => {
  using folder = temporaryFolder()
  const flip = preparingFlip({ controlSocket: folder.join('control.sock') })
  await flip.listen(server(), { path: folder.join('a.sock') })
  for (const path of [
    `${folder.path}/../${basename(folder.path)}/a.sock`,
    relative('', folder.join('a.sock')),
  ]) {
    await expect(flip.listen(server(), { path })).rejects.toThrow(/a\.sock is given .* twice\. Give it once/)
  }
  const control = flip.listen(server(), { path: folder.join('x', '..', 'control.sock') })
  await expect(control).rejects.toThrow(/control\.sock, which is the controlSocket/)
  flip.exit()
})

test('refuses a socket where nothing is served any more', async () => {
  const flip = preparingFlip()
  flip.exit()
  const web = server()
  const listeners = web.listenerCount('connection')
  for (const late of [
    flip.listen(web, { port: 0, name: 'x' }),
    flip.bind(createSocket('udp4').unref(), { port: 1 }),
  ]) {
    await expect(late).rejects.toMatchObject({ name: 'ListenersError', code: 'ERR_NO_LONGER_SERVING' })
  }
  expect(web.listenerCount('connection')).toBe(listeners)
})
