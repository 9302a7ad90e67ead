import { existsSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { localAddress } from '@shellflip/fd-passing'
import { temporaryFolder } from '@shellflip/testing'
import { describe, expect, it } from 'vitest'
import { parseListen } from '../arguments/listen-address.ts'
import { hear } from '../testing/procroll-sandbox.ts'
import { openListeners } from './open-listeners.ts'

const open = (...texts: string[]) => openListeners(texts.map(parseListen))

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
      code: 'ERR_LISTEN',
      message: '--listen tcp://192.0.2.1:80 cannot be had: this machine has no such address (EADDRNOTAVAIL)',
    })
    expect(existsSync(path)).toBe(false)
  })

  it('says who is in the way', async () => {
    using first = await open('tcp://127.0.0.1:0')
    const address = first.sockets.map(({ fd }) => localAddress(fd.fd))[0]
    const port = address?.family === 'IPv4' ? address.port : 0
    await expect(open(`tcp://127.0.0.1:${port}`)).rejects.toThrow('something else listens there (EADDRINUSE)')
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
