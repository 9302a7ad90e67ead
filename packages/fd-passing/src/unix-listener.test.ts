import { temporaryFolder } from '@shellflip/testing'
import { describe, expect, it } from 'vitest'
import { peerCredentials } from './credentials.ts'
import { pipe } from './descriptors.ts'
import { sameFile } from './testing/descriptors.ts'
import { UnixListener } from './unix-listener.ts'
import { UnixSocket } from './unix-socket.ts'

const onLinux = process.platform === 'linux'
const types = onLinux ? (['stream', 'seqpacket'] as const) : (['stream'] as const)

describe.each(types)('a UnixListener of type %s', (type) => {
  it('accepts connections that carry fds', async () => {
    using folder = temporaryFolder()
    const path = folder.join('s')
    using listener = UnixListener.listen({ path, type, mode: 0o600 })
    const accepted = listener.accept()
    using client = UnixSocket.connect({ type, address: path })
    using connection = await accepted
    expect(connection.type).toBe(type)
    expect(peerCredentials(connection.fd)).toEqual({
      pid: process.pid,
      uid: process.geteuid?.(),
      gid: process.getegid?.(),
    })
    const { reader, writer } = pipe()
    using _reader = reader
    using _writer = writer
    await client.send('take this', { fds: [reader] })
    const message = await connection.receive()
    expect(message?.data.toString()).toBe('take this')
    expect(sameFile(message?.fds[0]?.fd as number, reader.fd)).toBe(true)
    for (const fd of message?.fds ?? []) fd.close()
  })

  it('gives each of many waiting clients a connection, and ends at close()', async () => {
    using folder = temporaryFolder()
    const path = folder.join('s')
    const listener = UnixListener.listen({ path, type })
    const clients = Array.from({ length: 20 }, () => UnixSocket.connect({ type, address: path }))
    const connections: UnixSocket[] = []
    for await (const connection of listener) {
      connections.push(connection)
      if (connections.length === clients.length) listener.close()
    }
    listener.close()
    expect(connections).toHaveLength(20)
    for (const socket of [...clients, ...connections]) socket.close()
    expect(() => UnixSocket.connect({ type, address: path })).toThrow(
      expect.objectContaining({ errno: 'ECONNREFUSED' }),
    )
  })

  it('stops waiting when the signal is aborted', async () => {
    using folder = temporaryFolder()
    const path = folder.join('s')
    const listener = UnixListener.listen({ path, type })
    const controller = new AbortController()
    const aborted = listener.accept({ signal: controller.signal })
    const closed = listener.accept()
    controller.abort(new Error('no more'))
    await expect(aborted).rejects.toThrow('no more')
    listener.close()
    await expect(closed).rejects.toMatchObject({ code: 'ERR_FD_CLOSED' })
    await expect(listener.accept()).rejects.toMatchObject({ code: 'ERR_FD_CLOSED' })
  })
})

describe.runIf(onLinux)('connecting', () => {
  it('does not wait for a backlog that is full', () => {
    using folder = temporaryFolder()
    using _listener = UnixListener.listen({ path: folder.join('s'), backlog: 0 })
    using _queued = UnixSocket.connect({ type: 'stream', address: folder.join('s') })
    expect(() => UnixSocket.connect({ type: 'stream', address: folder.join('s') })).toThrow(
      expect.objectContaining({ code: 'ERR_SYSTEM', errno: 'EAGAIN' }),
    )
  })

  it('reports that the path does not exist', () => {
    expect(() => UnixSocket.connect({ type: 'stream', address: '/nonexistent/s' })).toThrow(
      expect.objectContaining({ errno: 'ENOENT' }),
    )
  })
})
