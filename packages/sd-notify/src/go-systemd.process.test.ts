/** The activation tests of go-systemd, in our words: see docs/peers-tests.md. */

import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { connect } from 'node:net'
import { fileURLToPath } from 'node:url'
import { bindUdp, listenTcp, localAddress, pipe } from '@shellflip/fd-passing'
import { TestProcess } from '@shellflip/testing'
import { expect, test } from 'vitest'

/** Starts a service that finds these descriptors from 3 up. LISTEN_PID is its own pid, as a manager sets it. */
function activated(code: string, fds: readonly { fd: number }[], names: string): TestProcess {
  const start = 'exec env LISTEN_PID=$$ "$0" --input-type=module -e "$1"'
  const program = `import { listenFds } from '@shellflip/sd-notify'; import { dgramFrom, serverFrom } from '@shellflip/fd-passing'; import fs from 'node:fs'; import net from 'node:net'; ${code}`
  return TestProcess.start('sh', ['-c', start, process.execPath, program], {
    cwd: fileURLToPath(new URL('..', import.meta.url)),
    env: { LISTEN_FDS: String(fds.length), LISTEN_FDNAMES: names },
    extraFds: fds.map(({ fd }) => fd),
  })
}

const portOf = (fd: number) => (localAddress(fd) as { port: number }).port

test('TestActivation: files come with their names', async () => {
  const [one, other] = [pipe(), pipe()]
  await using service = activated(
    "for (const [index, { name, fd }] of listenFds().entries()) { fs.writeSync(fd.fd, ['Hello', 'Goodbye'][index] + ' world: ' + name); fd.close() }",
    [one.writer, other.writer],
    'fd1:fd2',
  )
  expect(await service.exit, service.stderr).toEqual({ code: 0, signal: null })
  for (const { writer } of [one, other]) writer.close()
  expect([one, other].map(({ reader }) => readFileSync(reader.fd, 'utf8'))).toEqual([
    'Hello world: fd1',
    'Goodbye world: fd2',
  ])
  for (const { reader } of [one, other]) reader.close()
})

test('TestListeners: TCP sockets serve who was queued', async () => {
  using one = listenTcp({ host: '127.0.0.1', port: 0 })
  using other = listenTcp({ host: '127.0.0.1', port: 0 })
  const clients = [one, other].map(({ fd }) => connect(portOf(fd), '127.0.0.1').setEncoding('utf8'))
  for (const client of clients) client.write('Hi')
  await using service = activated(
    "for (const { name, fd } of listenFds()) { const server = net.createServer((s) => { s.end('Hello world: ' + name); server.close() }); await serverFrom(fd, server) }",
    [one, other],
    'fd1:fd2',
  )
  const answers = await Promise.all(clients.map(async (client) => (await once(client, 'data'))[0]))
  expect(answers).toEqual(['Hello world: fd1', 'Hello world: fd2'])
  for (const client of clients) client.destroy()
  expect(await service.exit, service.stderr).toEqual({ code: 0, signal: null })
})

test('TestPacketConns: UDP sockets answer what was queued', async () => {
  using one = bindUdp({ host: '127.0.0.1', port: 0 })
  using other = bindUdp({ host: '127.0.0.1', port: 0 })
  const clients = [one, other].map(() => createSocket('udp4'))
  const answers = Promise.all(clients.map(async (client) => String((await once(client, 'message'))[0])))
  for (const [index, client] of clients.entries())
    client.send('Hi', portOf([one, other][index]?.fd ?? -1), '127.0.0.1')
  await using service = activated(
    "for (const { name, fd } of listenFds()) { const s = await dgramFrom(fd); s.once('message', (m, { port, address }) => s.send(m + ' ' + name, port, address, () => s.close())) }",
    [one, other],
    'fd1:fd2',
  )
  expect(await answers).toEqual(['Hi fd1', 'Hi fd2'])
  for (const client of clients) client.close()
  expect(await service.exit, service.stderr).toEqual({ code: 0, signal: null })
})
