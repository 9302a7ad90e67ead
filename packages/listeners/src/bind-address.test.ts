import { TestProcess, temporaryFolder } from '@shellflip/testing'
import { expect, it } from 'vitest'
import { listenAt } from './bind-address.ts'
import { findSocket } from './find-socket.ts'
import type { SocketSource } from './socket-source.ts'

const nothing: SocketSource = {
  socket: () => undefined,
  file: () => undefined,
  keys: () => [],
  refuse() {},
  committed: false,
}

const program = `const s = require('net').createServer().listen(0, '127.0.0.1', () => console.log(s.address().port))`

it.runIf(process.platform === 'linux')('names the process that has the port', async () => {
  await using other = TestProcess.node(['-e', program])
  const port = Number((await other.printed(/(\d+)\n/))[1])
  const found = findSocket(nothing, 'tcp', { host: '127.0.0.1', port }, listenAt, [])
  await expect(found).rejects.toMatchObject({
    code: 'ERR_CANNOT_LISTEN',
    message: expect.stringMatching(
      `^cannot listen at 127.0.0.1:${port}: the address is already in use \\(EADDRINUSE\\)\\. It is in use by pid ${other.pid} `,
    ),
  })
})

it('explains an address by the same reasons as openListeners()', async () => {
  using folder = temporaryFolder()
  await expect(listenAt({ host: '192.0.2.1', port: 80 })).rejects.toThrow(
    'cannot listen at 192.0.2.1:80: the address is not on this machine (EADDRNOTAVAIL)',
  )
  const path = folder.join('none', 's')
  await expect(listenAt({ path })).rejects.toThrow(
    `cannot listen at ${path}: its folder does not exist (ENOENT)`,
  )
})
