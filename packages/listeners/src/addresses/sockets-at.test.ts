import { fstatSync } from 'node:fs'
import { bindUdp, listenTcp, listenUnix, localAddress, type OwnedFd } from '@shellflip/fd-passing'
import { temporaryFolder } from '@shellflip/testing'
import { describe, expect, it } from 'vitest'
import { parseListenAddress } from './parse-address.ts'
import { socketsAt } from './sockets-at.ts'

const inodeOf = ({ fd }: OwnedFd) => fstatSync(fd).ino

function portOf({ fd }: OwnedFd): number {
  const bound = localAddress(fd)
  return 'port' in bound ? bound.port : 0
}

describe.runIf(process.platform === 'linux')('the sockets at an address', () => {
  it.each([
    ['127.0.0.1', ['127.0.0.1', '0.0.0.0', '[::]', 'localhost'], ['127.0.0.2', '[::1]']],
    ['0.0.0.0', ['127.0.0.1', '0.0.0.0', '[::]'], ['[::1]']],
    ['::', ['127.0.0.1', '0.0.0.0', '[::]', '[::1]'], []],
    ['::1', ['[::1]', '[::]'], ['127.0.0.1', '0.0.0.0']],
  ])('include one at %s where both cannot be bound', async (host, near, far) => {
    for (const [scheme, open] of [
      ['tcp', listenTcp],
      ['udp', bindUdp],
    ] as const) {
      using socket = open({ host, port: 0 })
      const at = (other: string) => socketsAt(parseListenAddress(`${scheme}://${other}:${portOf(socket)}`))
      for (const other of near) expect(await at(other), other).toEqual([inodeOf(socket)])
      for (const other of far) expect(await at(other), other).toEqual([])
    }
  })

  it('include one that listens at the path', async () => {
    using folder = temporaryFolder('pr-')
    for (const path of [folder.join('with a blank.sock'), `@${folder.path}`]) {
      using socket = listenUnix({ path })
      const address = parseListenAddress(path.startsWith('@') ? `unix:${path}` : `unix://${path}`)
      expect(await socketsAt(address)).toEqual([inodeOf(socket)])
    }
  })
})
