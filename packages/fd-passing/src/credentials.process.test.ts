import { temporaryFolder } from '@shellflip/testing'
import { describe, expect, it } from 'vitest'
import { peerCredentials } from './credentials.ts'
import { received } from './testing/messages.ts'
import { program } from './testing/program.ts'
import { openUnixSocket } from './unix-endpoint.ts'
import { UnixListener } from './unix-listener.ts'
import { UnixSocket } from './unix-socket.ts'

const onLinux = process.platform === 'linux'
const asRoot = process.geteuid?.() === 0
const me = { uid: process.geteuid?.(), gid: process.getegid?.() }

describe('credentials of a real process', () => {
  it.runIf(onLinux)('come with its datagrams, though it has ended', async () => {
    using folder = temporaryFolder()
    const address = folder.join('notify')
    using receiver = UnixSocket.bind({ type: 'datagram', address, passCredentials: true })
    await using child = program(
      `await fdPassing.UnixSocket.connect({ type: 'datagram', address: process.env.ADDRESS }).send('READY=1')
       process.exit()`,
      { env: { ADDRESS: address } },
    )
    expect(await child.exit).toEqual({ code: 0, signal: null })
    const { data, credentials } = received(await receiver.receive())
    expect(data.toString()).toBe('READY=1')
    expect(credentials).toEqual({ pid: child.pid, ...me })
  })

  it('are known of a connection', async () => {
    using folder = temporaryFolder()
    using listener = UnixListener.listen({ path: folder.join('s') })
    await using child = program(
      `const socket = fdPassing.UnixSocket.connect({ type: 'stream', address: process.env.ADDRESS })
       console.log(fdPassing.peerCredentials(socket.fd).pid)
       await socket.receive()`,
      { env: { ADDRESS: folder.join('s') } },
    )
    using connection = await listener.accept()
    expect(peerCredentials(connection.fd)).toEqual({ pid: child.pid, ...me })
    connection.close()
    await child.exit
    expect(Number(child.stdout)).toBe(process.pid)
  })

  it('are not known without a peer', () => {
    using socket = openUnixSocket('stream')
    expect(() => peerCredentials(socket.fd)).toThrow(
      expect.objectContaining({ code: 'ERR_SYSTEM', errno: onLinux ? 'ENOTCONN' : expect.any(String) }),
    )
  })

  it.runIf(onLinux && !asRoot)('cannot be forged by a plain user', async () => {
    const [sender, receiver] = UnixSocket.pair('datagram', { passCredentials: true })
    using _sender = sender
    using _receiver = receiver
    await expect(sender.send('x', { credentials: { pid: 1, uid: 0, gid: 0 } })).rejects.toMatchObject({
      errno: 'EPERM',
    })
  })

  it.runIf(onLinux && asRoot)('may be those of another process if the sender is privileged', async () => {
    const [sender, receiver] = UnixSocket.pair('datagram', { passCredentials: true })
    using _sender = sender
    using _receiver = receiver
    const other = { pid: process.ppid, uid: 65534, gid: 65533 }
    await sender.send('x', { credentials: other })
    expect(received(await receiver.receive()).credentials).toEqual(other)
  })
})
