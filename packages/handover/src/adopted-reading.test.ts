import { createServer as createHttpServer, type Server as HttpServer } from 'node:http'
import { createServer, type Server, type Socket } from 'node:net'
import { Writable } from 'node:stream'
import { setImmediate as turn } from 'node:timers/promises'
import { socketFrom, socketpair } from '@shellflip/fd-passing'
import { waitFor } from '@shellflip/testing'
import { describe, expect, test } from 'vitest'
import { adoptHttpConnection, adoptNetConnection } from './adopt-connection.ts'

type Got = (bytes: Buffer) => void

function readAll(socket: Socket, got: Got): void {
  for (let bytes = socket.read(); bytes !== null; bytes = socket.read()) got(bytes)
}

/** Long enough for what is in the kernel to be read. */
async function turns(): Promise<void> {
  for (let n = 0; n < 5; n++) await turn()
}

/** The ways to read a socket. Each may begin in the listener of 'connection', or later. */
const ways: [string, (socket: Socket, got: Got) => void][] = [
  ["'data'", (socket, got) => socket.on('data', got)],
  ["'readable'", (socket, got) => socket.on('readable', () => readAll(socket, got))],
  [
    "'readable' once each time",
    (socket, got) => {
      const read = () => {
        readAll(socket, got)
        socket.once('readable', read)
      }
      socket.once('readable', read)
    },
  ],
  [
    'read() and then readable',
    (socket, got) => {
      readAll(socket, got)
      socket.on('readable', () => readAll(socket, got))
    },
  ],
  [
    'read() of single bytes',
    (socket, got) => {
      socket.on('readable', () => {
        for (let byte = socket.read(1); byte !== null; byte = socket.read(1)) got(byte)
      })
    },
  ],
  [
    'async iteration',
    (socket, got) => {
      const iterate = async () => {
        for await (const bytes of socket) got(bytes)
      }
      // The test destroys it.
      iterate().catch(() => {})
    },
  ],
  [
    'pipe()',
    (socket, got) =>
      socket.pipe(
        new Writable({
          write: (bytes, _, done) => {
            got(bytes)
            done()
          },
        }),
      ),
  ],
  [
    'pause() and resume()',
    async (socket, got) => {
      socket.pause()
      socket.on('data', got)
      await turns()
      socket.resume()
    },
  ],
]

const moments: [string, (begin: () => void) => unknown][] = [
  ['at once', (begin) => begin()],
  ['later', (begin) => turns().then(begin)],
]

const places: [string, { unshifted: string; kernel: string }][] = [
  ['in the kernel', { unshifted: '', kernel: 'kernel' }],
  ['unshifted', { unshifted: 'held ', kernel: '' }],
  ['in both', { unshifted: 'held ', kernel: 'kernel' }],
]

/** Adopts a connection with bytes in these places. */
async function adoptedWith(
  adopt: (end: ReturnType<typeof socketpair>[0], prepare: (socket: Socket) => void) => Socket,
  { unshifted, kernel }: { unshifted: string; kernel: string },
): Promise<{ socket: Socket } & AsyncDisposable> {
  const [near, far] = socketpair('stream')
  const client = socketFrom(near)
  await new Promise<void>((resolve) => client.write(kernel, () => resolve()))
  const socket = adopt(far, (socket) => {
    if (unshifted !== '') socket.unshift(Buffer.from(unshifted))
  })
  socket.on('error', () => {})
  return {
    socket,
    [Symbol.asyncDispose]: async () => {
      client.destroy()
      socket.destroy()
      await waitFor(() => socket.closed && client.closed)
    },
  }
}

const servers: [string, () => Server, typeof adoptNetConnection][] = [
  ['a TCP server', () => createServer(), adoptNetConnection],
  ['a TCP server with pauseOnConnect', () => createServer({ pauseOnConnect: true }), adoptNetConnection],
  [
    'an HTTP server, whose connections the program reads first',
    () => createHttpServer().removeAllListeners('connection'),
    (server, fd, prepare) => adoptHttpConnection(server as HttpServer, fd, prepare),
  ],
]

describe.each(servers)('of %s', (_, createServer, adopt) => {
  describe.each(places)('bytes that are there already, %s,', (_, place) => {
    for (const [way, read] of ways) {
      test.each(moments)(`are read by ${way}, begun %s`, async (_, begin) => {
        const server = createServer()
        let text = ''
        server.on('connection', (socket) => {
          begin(() => {
            read(socket, (bytes) => {
              text += String(bytes)
            })
            if (socket.readableFlowing === false && socket.listenerCount('readable') === 0) socket.resume()
          })
        })
        await using _connection = await adoptedWith((fd, prepare) => adopt(server, fd, prepare), place)
        await waitFor(() => text === `${place.unshifted}${place.kernel}`)
      })
    }
  })
})

test('with pauseOnConnect, nothing of an adopted connection is read before the program wants it', async () => {
  const server = createServer({ pauseOnConnect: true })
  await using connection = await adoptedWith((fd, prepare) => adoptNetConnection(server, fd, prepare), {
    unshifted: '',
    kernel: 'kernel',
  })
  const { socket } = connection
  await turns()
  expect(socket.bytesRead).toBe(0)
  expect(socket.isPaused()).toBe(true)
})
