import { readdirSync, statSync } from 'node:fs'
import { waitFor } from '@shellflip/testing'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { Machine } from './machine.ts'

const example = 'shellflip-systemd'
const unit = 'app-activated.service'
const path = '/run/app-activated.sock'

let machine: Machine

beforeAll(async () => {
  machine = await Machine.boot()
  await machine.install(example)
  await machine.run(['systemctl', 'start', 'app-activated.socket'])
})

afterAll(() => machine?.stop())

const visits = async () => {
  const answer = await machine.run(['curl', '--silent', '--unix-socket', path, 'localhost'])
  return Number(/visit (\d+)$/.exec(answer)?.[1])
}
const mainPid = async () => (await machine.show(unit, 'MainPID')).MainPID

test('the first connection starts the service, which finds its sockets by FileDescriptorName=', async () => {
  expect(await machine.show(unit, 'ActiveState')).toEqual({ ActiveState: 'inactive' })
  expect(await visits()).toBe(1)
  expect(await machine.show(unit, 'ActiveState')).toEqual({ ActiveState: 'active' })
  expect(readdirSync(machine.path('/run/app-activated'))).toEqual(['restart.sock'])
})

describe.each([
  ['TCP', { port: 8092 }],
  ['UNIX', { path }],
])('a %s socket', (_, target) => {
  let inode: number

  beforeEach(async () => {
    // Else the tests together start the unit more often than StartLimitBurst= allows.
    await machine.run(['systemctl', 'reset-failed', unit])
    await machine.run(['systemctl', 'start', unit])
    inode = statSync(machine.path(path)).ino
  })

  async function underLoad(action: () => Promise<unknown>) {
    const load = machine.load({ target, keepAlive: 4, newConnections: 8 })
    await load.answered(100)
    for (let n = 0; n < 3; n++) {
      const before = await mainPid()
      await action()
      await waitFor(async () => !['0', before].includes(await mainPid()))
      await load.answered(100)
    }
    const { requests, ok, failed, failures } = await load.stop()
    expect({ failed, failures, ok }).toMatchObject({ failed: 0, ok: requests })
    expect(statSync(machine.path(path)).ino).toBe(inode)
  }

  test('systemctl reload fails no request, time and again', () =>
    underLoad(() => machine.run(['systemctl', 'reload', unit])))

  test('systemctl restart fails no request: connections wait in the socket that systemd holds', () =>
    underLoad(() => machine.run(['systemctl', 'restart', unit])))

  test('a service that is killed after an upgrade refuses nothing after it', async () => {
    await machine.run(['systemctl', 'reload', unit])
    const { NRestarts } = await machine.show(unit, 'NRestarts')
    const load = machine.load({ target, newConnections: 4 })
    await load.answered(50)
    await machine.run(['systemctl', 'kill', '--signal=KILL', '--kill-whom=main', unit])
    await machine.until(unit, { NRestarts: String(Number(NRestarts) + 1), ActiveState: 'active' })
    await load.answered(50)
    expect((await load.stop()).failures.refused).toBe(0)
    expect(statSync(machine.path(path)).ino).toBe(inode)
  })

  test('systemctl stop leaves the socket, and the next connection starts the service', async () => {
    await machine.run(['systemctl', 'reload', unit])
    await machine.run(['systemctl', 'stop', unit])
    expect(statSync(machine.path(path)).ino).toBe(inode)
    expect((await machine.show(unit, 'Result')).Result).toBe('success')
    expect(await visits()).toBe(1)
  })
})

test('with the fd store besides, the state survives a restart, and systemd’s sockets are not stored', async () => {
  machine.write(
    `/run/systemd/system/${unit}.d/test.conf`,
    `[Service]
FileDescriptorStoreMax=8
RuntimeDirectoryPreserve=restart
ExecStart=
ExecStart=/usr/bin/node /srv/${example}/current/server.mjs --fd-store
`,
  )
  await machine.run(['systemctl', 'daemon-reload'])
  await machine.run(['systemctl', 'reset-failed', unit])
  await machine.run(['systemctl', 'restart', unit])
  const before = await visits()
  for (let n = 1; n <= 3; n++) {
    await machine.run(['systemctl', 'restart', unit])
    expect(await visits()).toBe(before + n)
    expect((await machine.show(unit, 'NFileDescriptorStore')).NFileDescriptorStore).toBe('1')
  }
})
