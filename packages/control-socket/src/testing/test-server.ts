import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { temporaryFolder } from '@shellflip/testing'
import { z } from 'zod'
import { ControlServer, type ListenOptions } from '../control-server.ts'
import type { ControlServerEvent } from '../events.ts'
import type { Protocol } from '../protocol.ts'

/** The requests and replies of the tests. */
export const words: Protocol<{ ask: string }, { say: string }> = {
  request: z.strictObject({ ask: z.string() }),
  reply: z.strictObject({ say: z.string() }),
}

export const wordsWithRefusal = { ...words, refuse: (say: string) => ({ say: `no: ${say}` }) }

type Words = ListenOptions<{ ask: string }, { say: string }>

/** Starts a server for one test, closed with its scope. It echoes by default. */
export async function testServer(options: Partial<Words> = {}) {
  const folder = temporaryFolder()
  const path = folder.join('run', 'control.sock')
  const events: ControlServerEvent[] = []
  const server = await ControlServer.listen({
    path,
    protocol: words,
    answer: async ({ ask }) => ({ say: ask }),
    onEvent: (event) => events.push(event),
    ...options,
  })
  return {
    path,
    folder,
    server,
    events,
    [Symbol.asyncDispose]: async () => {
      await server.close()
      folder[Symbol.dispose]()
    },
  }
}

/** A client without rules. It records what it receives, and how its connection ended. */
export class RawClient implements Disposable {
  heard = Buffer.alloc(0)
  readonly closed: Promise<void>
  readonly socket: Socket

  static async connect(path: string): Promise<RawClient> {
    const socket = connect({ path, allowHalfOpen: true })
    await once(socket, 'connect')
    return new RawClient(socket)
  }

  private constructor(socket: Socket) {
    this.socket = socket
    this.closed = new Promise((resolve) => socket.once('close', () => resolve()))
    socket.on('error', () => {})
    socket.on('end', () => socket.end())
    socket.on('data', (bytes) => {
      this.heard = Buffer.concat([this.heard, bytes])
    })
  }

  [Symbol.dispose](): void {
    this.socket.destroy()
  }
}

/** The bytes of a frame with this content, valid or not. */
export function rawFrame(content: string): Buffer {
  const header = Buffer.alloc(4)
  header.writeUInt32BE(Buffer.byteLength(content))
  return Buffer.concat([header, Buffer.from(content)])
}
