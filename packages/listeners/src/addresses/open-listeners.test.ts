import { existsSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { networkInterfaces } from 'node:os'
import { localAddress, socketTypeOf } from '@shellflip/fd-passing'
import { hear, TestProcess, temporaryFolder } from '@shellflip/testing'
import { describe, expect, it } from 'vitest'
import { type OpenListeners, openListeners } from './open-listeners.ts'
import { parseListenAddress } from './parse-address.ts'

const hasIpv6 = Object.values(networkInterfaces()).some((found) =>
  found?.some(({ family }) => family === 'IPv6'),
)

function portOf({ sockets: [socket] }: OpenListeners): number {
  const address = localAddress(socket?.fd.fd ?? -1)
  if (address.family === 'unix') throw new Error('a UNIX socket has no port')
  return address.port
}

const open = (...texts: string[]) => openListeners(texts.map(parseListenAddress))

describe('openListeners', () => {
  it.each([
    ['tcp://127.0.0.1:0', 'IPv4', '127.0.0.1'],
    ['tcp://localhost:0', 'IPv4', '127.0.0.1'],
    ['tcp://0.0.0.0:0', 'IPv4', '0.0.0.0'],
    ['tcp://[::]:0', 'IPv6', '::'],
    ['tcp://[::1]:0', 'IPv6', '::1'],
  ])('opens %s', async (text, family, address) => {
    using opened = await open(text)
    expect(opened.sockets.map(({ fd }) => localAddress(fd.fd))).toMatchObject([{ family, address }])
  })

  it('opens all or nothing', async () => {
    using folder = temporaryFolder()
    const path = folder.join('app.sock')
    await expect(open(`unix://${path}`, 'tcp://192.0.2.1:80')).rejects.toMatchObject({
      code: 'ERR_CANNOT_LISTEN',
      message: 'cannot listen on tcp://192.0.2.1:80: the address is not on this machine (EADDRNOTAVAIL)',
    })
    expect(existsSync(path)).toBe(false)
  })

  it('says who is in the way', async () => {
    using first = await open('tcp://127.0.0.1:0')
    const address = first.sockets.map(({ fd }) => localAddress(fd.fd))[0]
    const port = address?.family === 'IPv4' ? address.port : 0
    await expect(open(`tcp://127.0.0.1:${port}`)).rejects.toThrow(
      'the address is already in use (EADDRINUSE)',
    )
  })

  it.runIf(process.platform === 'linux').each(['tcp', 'udp'] as const)(
    'names the process that has a %s address',
    async (type) => {
      const program = {
        tcp: `const s = require('net').createServer().listen(0, '127.0.0.1', () => console.log(s.address().port))`,
        udp: `const s = require('dgram').createSocket('udp4').bind(0, '127.0.0.1', () => console.log(s.address().port))`,
      }
      await using holder = TestProcess.node(['-e', program[type]])
      const [port] = await holder.printed(/\d+/)
      await expect(open(`${type}://127.0.0.1:${port}`)).rejects.toThrow(
        `cannot listen on ${type}://127.0.0.1:${port}: the address is already in use (EADDRINUSE). ` +
          `It is in use by pid ${holder.pid} (`,
      )
    },
  )

  it('opens UDP sockets, which two can share if both say so', async () => {
    using first = await open('udp://127.0.0.1:0?reuseport')
    const port = portOf(first)
    using second = await open(`udp://127.0.0.1:${port}?reuseport`)
    expect(portOf(second)).toBe(port)
    expect(socketTypeOf(second.sockets[0]?.fd.fd ?? -1)).toBe('datagram')
  })

  it.runIf(hasIpv6)('opens IPv4 and IPv6 side by side with ipv6only, and explains it without', async () => {
    using four = await open('tcp://0.0.0.0:0')
    const port = portOf(four)
    using _six = await open(`tcp://[::]:${port}?ipv6only`)
    four[Symbol.dispose]()
    _six[Symbol.dispose]()
    const explained = `To keep both, use tcp://[::]:${port}?ipv6only`
    await expect(open(`tcp://0.0.0.0:${port}`, `tcp://[::]:${port}`)).rejects.toThrow(explained)
    await expect(open(`tcp://[::]:${port}`, `tcp://0.0.0.0:${port}`)).rejects.toThrow(explained)
  })

  it.runIf(process.platform === 'linux')('opens abstract and seqpacket sockets', async () => {
    using opened = await open(
      `unix:@procroll-test-${process.pid}?backlog=5`,
      `unix:@procroll-test2-${process.pid}?type=seqpacket`,
    )
    expect(opened.sockets.map(({ fd }) => [localAddress(fd.fd), socketTypeOf(fd.fd)])).toEqual([
      [{ family: 'unix', path: `@procroll-test-${process.pid}` }, 'stream'],
      [{ family: 'unix', path: `@procroll-test2-${process.pid}` }, 'seqpacket'],
    ])
  })

  it('gives a path the requested mode, whatever the umask', async () => {
    using folder = temporaryFolder()
    using _opened = await open(`unix://${folder.join('a?b').replace('?', '%3F')}?mode=0666`)
    expect(statSync(folder.join('a?b')).mode & 0o7777).toBe(0o666)
  })

  it.runIf(process.geteuid?.() === 0)('gives a path to a user and a group, by name or number', async () => {
    using folder = temporaryFolder()
    using _opened = await open(
      `unix://${folder.join('group')}?group=daemon`,
      `unix://${folder.join('both')}?mode=0600&user=nobody&group=33`,
    )
    const group = Number(/^daemon:[^:]*:(\d+)/m.exec(readFileSync('/etc/group', 'utf8'))?.[1])
    const nobody = Number(/^nobody:[^:]*:(\d+)/m.exec(readFileSync('/etc/passwd', 'utf8'))?.[1])
    expect(statSync(folder.join('group'))).toMatchObject({ uid: 0, gid: group })
    expect(statSync(folder.join('group')).mode & 0o7777).toBe(0o660)
    expect(statSync(folder.join('both'))).toMatchObject({ uid: nobody, gid: 33 })
    expect(statSync(folder.join('both')).mode & 0o7777).toBe(0o600)
  })

  it('refuses a group that does not exist, and leaves nothing', async () => {
    using folder = temporaryFolder()
    const path = folder.join('s')
    await expect(open(`unix://${path}?group=no-such-group`)).rejects.toThrow(
      `cannot listen on unix://${path}: the group "no-such-group" does not exist here (a number works as well)`,
    )
    expect(existsSync(path)).toBe(false)
  })

  it('takes the socket of a dead process over, and never that of a live one, or a file', async () => {
    using folder = temporaryFolder()
    const path = folder.join('app.sock')
    const held = await open(`unix://${path}`)
    await expect(open(`unix://${path}`)).rejects.toThrow('a live process listens at')
    for (const { fd } of held.sockets) fd.close()
    expect(existsSync(path)).toBe(true)

    using taken = await open(`unix://${path}`)
    expect(taken.sockets).toHaveLength(1)
    writeFileSync(folder.join('file'), 'precious')
    await expect(open(`unix://${folder.join('file')}`)).rejects.toThrow('not a socket')
    await expect(open(`unix://${folder.join('none', 'a.sock')}`)).rejects.toThrow(
      'its folder does not exist (ENOENT)',
    )
  })

  it('removes its path at the end, and not the path of a successor', async () => {
    using folder = temporaryFolder()
    const path = folder.join('app.sock')
    const first = await open(`unix://${path}`)
    rmSync(path)
    const server = createServer((client) => client.end('second'))
    using second = await open(`unix://${path}`)
    server.listen({ fd: second.sockets[0]?.fd.dup().release() })
    first[Symbol.dispose]()
    expect(await hear(path)).toBe('second')
    server.close()
    second[Symbol.dispose]()
    expect(existsSync(path)).toBe(false)
  })
})
