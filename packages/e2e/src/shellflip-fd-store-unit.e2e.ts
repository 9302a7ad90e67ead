import { existsSync, readdirSync } from 'node:fs'
import { waitFor } from '@shellflip/testing'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { example, fdStoreUnit, path, port, sockets, unit } from './fd-store-unit.ts'
import { Machine } from './machine.ts'

let machine: Machine

beforeAll(async () => {
  machine = await Machine.boot()
  await machine.install(example, 'v1')
  await machine.run(['systemctl', 'start', unit])
})

afterAll(() => machine?.stop())

// Else the tests together start the unit more often than StartLimitBurst= allows.
beforeEach(() => machine.systemctl('reset-failed', unit))

const { visits, journal, restart, stored, deploy, override } = fdStoreUnit(() => machine)

test('the runtime folder without RuntimeDirectoryPreserve=: paths that are gone are bound anew', async () => {
  const undo = await override('RuntimeDirectoryPreserve=no')
  const before = await visits()
  await restart()
  await restart()
  await undo()
  expect(await stored()).toEqual(sockets)
  expect(await visits('--unix-socket', path, 'localhost')).toBe(before + 1)
  await machine.run(['systemctl', 'reload', unit])
})

test('systemctl stop drops all of it, in order; the next start begins anew', async () => {
  await machine.until(unit, { ActiveState: 'active' })
  const discarded = (await journal()).match(/state-discarded/g)?.length
  await machine.run(['systemctl', 'stop', unit])
  expect(await machine.show(unit, 'ActiveState', 'Result', 'NFileDescriptorStore')).toEqual({
    ActiveState: 'inactive',
    Result: 'success',
    NFileDescriptorStore: '0',
  })
  expect(await machine.exec(['curl', '--silent', `localhost:${port}`])).toMatchObject({ code: 7 })
  expect(readdirSync(machine.path('/run')).filter((name) => name.startsWith('app-fd'))).toEqual([])
  await machine.run(['systemctl', 'start', unit])
  expect(await visits()).toBe(1)
  expect((await journal()).match(/state-discarded/g)?.length).toBe(discarded)
})

test('FileDescriptorStorePreserve=yes: stop and start is a restart', async () => {
  // systemd forgets a unit that is inactive, and its store too, if nothing refers to it.
  await machine.run(['systemctl', 'enable', unit])
  const undo = await override('FileDescriptorStorePreserve=yes')
  const before = await visits()
  await machine.run(['systemctl', 'stop', unit])
  expect(await machine.show(unit, 'ActiveState', 'NFileDescriptorStore')).toEqual({
    ActiveState: 'inactive',
    NFileDescriptorStore: '4',
  })
  const waiting = visits()
  await machine.run(['systemctl', 'start', unit])
  expect(await waiting).toBe(before + 1)
  expect(await visits('--unix-socket', path, 'localhost')).toBe(before + 2)
  expect(await stored()).toEqual(sockets)
  await undo()
})

test.each([
  ['FileDescriptorStoreMax=0', /ERR_NO_FD_STORE/, 'Set FileDescriptorStoreMax= in the unit'],
  [
    'FileDescriptorStoreMax=3',
    /ERR_NO_FD_STORE/,
    'FileDescriptorStoreMax=3 is too few for 3 sockets and the state',
  ],
])('%s is a clear error at the start', async (line, code, message) => {
  const undo = await override(`${line}\nRestart=no`)
  await machine.run(['systemctl', 'stop', unit])
  expect((await machine.systemctl('start', unit)).code).toBe(1)
  expect(await journal()).toMatch(code)
  expect(await journal()).toContain(message)
  await undo()
  await machine.run(['systemctl', 'start', unit])
  expect(await visits()).toBe(1)
})

test('a datagram that comes while no instance lives waits in the stored socket for the next one', async () => {
  await machine.run(['systemctl', 'enable', unit])
  const undo = await override('FileDescriptorStorePreserve=yes')
  await deploy('datagrams', (server) =>
    server.replace(
      'await flip.ready()',
      `const udp = (await import('node:dgram')).createSocket('udp4')
udp.on('message', (message, { port, address }) => udp.send(\`\${process.pid} heard \${message}\`, port, address))
await flip.bind(udp, { port: 8098 })
await flip.ready()`,
    ),
  )
  await restart()
  expect(await stored()).toEqual([...sockets, 'listen%3Audp4%3A//*%3A8098'].sort())
  await machine.run(['systemctl', 'stop', unit])
  const client = `
const socket = require('node:dgram').createSocket('udp4')
socket.on('message', (answer) => { console.log(String(answer)); socket.close() })
socket.send('you', 8098, '127.0.0.1', () => require('node:fs').writeFileSync('/run/sent', ''))`
  const answer = machine.run(['node', '--eval', client])
  await waitFor(() => existsSync(machine.path('/run/sent')), { what: 'the datagram to be sent' })
  await machine.run(['systemctl', 'start', unit])
  expect(await answer).toBe(`${(await machine.show(unit, 'MainPID')).MainPID} heard you`)
  await undo()
  machine.switchTo(example, 'v1')
  await restart()
  expect(await stored()).toEqual(sockets)
})

test('from the fd store back to successors: all that lies there is taken over, once', async () => {
  const before = await visits()
  const discarded = (await journal()).match(/state-discarded/g)?.length
  const undo = await override(`ExecStart=\nExecStart=/usr/bin/node /srv/${example}/current/server.mjs`)
  const waiting = machine.load({ target: { port }, newConnections: 4 })
  await waiting.answered(10)
  await restart()
  await waiting.answered(10)
  const { ok } = await waiting.stop()
  expect(await visits()).toBe(before + ok + 1)
  expect(await stored()).toEqual([])
  await restart()
  expect(await visits()).toBe(1)
  expect((await journal()).match(/state-discarded/g)?.length).toBe(discarded)
  await undo()
  await restart()
  expect(await stored()).toEqual(sockets)
})
