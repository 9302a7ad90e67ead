import { statSync } from 'node:fs'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { Machine } from './machine.ts'

const example = 'procroll-notify-reload'
const unit = 'web-activated.service'
const path = '/run/web-activated.sock'

let machine: Machine

beforeAll(async () => {
  machine = await Machine.boot()
  await machine.install(example, 'v1')
  await machine.run(['systemctl', 'start', 'web-activated.socket'])
})

afterAll(() => machine?.stop())

test('the first connection starts the service', async () => {
  expect(await machine.show(unit, 'ActiveState')).toEqual({ ActiveState: 'inactive' })
  expect(await machine.run(['curl', '--silent', '--unix-socket', path, 'http://localhost/'])).toBe('v1')
  expect(await machine.show(unit, 'ActiveState')).toEqual({ ActiveState: 'active' })
})

describe.each([
  ['TCP', { port: 8081 }],
  ['UNIX', { path }],
])('a %s socket', (_, target) => {
  let inode: number

  beforeEach(async () => {
    // Else the tests together start the unit more often than StartLimitBurst= allows.
    await machine.run(['systemctl', 'reset-failed', unit])
    await machine.run(['systemctl', 'start', unit])
    inode = statSync(machine.path(path)).ino
  })

  /** Does it three times under load, and expects each request to have been answered rightly. */
  async function underLoad(action: () => Promise<unknown>) {
    const load = machine.load({ target, keepAlive: 4, newConnections: 8 })
    await load.answered(200)
    for (let n = 0; n < 3; n++) {
      await action()
      await load.answered(200)
    }
    const { requests, ok, failed, failures } = await load.stop()
    expect({ failed, failures, ok }).toMatchObject({ failed: 0, ok: requests })
    expect(statSync(machine.path(path)).ino).toBe(inode)
  }

  test('systemctl reload fails no request', async () => {
    const { MainPID } = await machine.show(unit, 'MainPID')
    await underLoad(() => machine.run(['systemctl', 'reload', unit]))
    expect(await machine.show(unit, 'MainPID', 'NRestarts')).toEqual({ MainPID, NRestarts: '0' })
  })

  test('systemctl restart fails no request: connections wait in the socket that systemd holds', async () => {
    const { MainPID } = await machine.show(unit, 'MainPID')
    await underLoad(() => machine.run(['systemctl', 'restart', unit]))
    const after = await machine.show(unit, 'MainPID', 'Result')
    expect(after).toEqual({ MainPID: expect.not.stringMatching(MainPID), Result: 'success' })
  })

  test('a procroll that is killed loses the requests under way, and refuses none after it', async () => {
    const { NRestarts } = await machine.show(unit, 'NRestarts')
    const load = machine.load({ target, newConnections: 4 })
    await load.answered(50)
    await machine.run(['systemctl', 'kill', '--signal=KILL', '--kill-whom=main', unit])
    await machine.until(unit, { NRestarts: String(Number(NRestarts) + 1), ActiveState: 'active' })
    await load.answered(50)
    const { failures } = await load.stop()
    expect(failures.refused).toBe(0)
    expect(statSync(machine.path(path)).ino).toBe(inode)
  })

  test('systemctl stop leaves the socket, and the next connection starts the service', async () => {
    await machine.run(['systemctl', 'stop', unit])
    expect(statSync(machine.path(path)).ino).toBe(inode)
    const load = machine.load({ target, newConnections: 1 })
    await load.answered(1)
    expect(await load.stop()).toMatchObject({ failed: 0 })
    expect(await machine.show(unit, 'ActiveState')).toEqual({ ActiveState: 'active' })
  })
})
