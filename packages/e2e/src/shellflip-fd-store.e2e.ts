import { existsSync } from 'node:fs'
import { waitFor } from '@shellflip/testing'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
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

const { visits, mainPid, journal, restart, stored, deploy, override } = fdStoreUnit(() => machine)

test('the unit is active when the service is ready, and its sockets lie in the store, no state besides', async () => {
  expect(await machine.show(unit, 'ActiveState', 'StatusText', 'NFileDescriptorStore')).toEqual({
    ActiveState: 'active',
    StatusText: 'serving',
    NFileDescriptorStore: '3',
  })
  expect(await stored()).toEqual(sockets)
  expect(await journal()).not.toContain('state-discarded')
})

describe.each([
  ['TCP', { port }],
  ['UNIX', { path }],
])('under load at a %s socket', (_, target) => {
  test('ten times systemctl restart fail no request, forget no visit, and leave one stored descriptor of a name', async () => {
    const before = await visits()
    const pids = new Set([await mainPid()])
    const load = machine.load({ target, keepAlive: 8, newConnections: 8 })
    await load.answered(100)
    for (let n = 1; n <= 10; n++) {
      await machine.run(['systemctl', 'reset-failed', unit])
      await machine.install(example, `r${n}`)
      await restart()
      pids.add(await mainPid())
      await load.answered(100)
      expect(await machine.show(unit, 'ActiveState', 'NFileDescriptorStore', 'Result')).toEqual({
        ActiveState: 'active',
        NFileDescriptorStore: '3',
        Result: 'success',
      })
    }
    const { requests, ok, failed, failures } = await load.stop()
    console.log(`${requests} requests, ${failed} failed`)
    expect({ failed, failures, ok }).toMatchObject({ failed: 0, ok: requests })
    expect(pids.size).toBe(11)
    expect(await stored()).toEqual(sockets)
    expect(await visits()).toBe(before + requests + 1)
    expect(await journal()).not.toMatch(/state-|SIGKILL|timed out|Failed/)
  })

  test.each([
    ['systemctl reload, which sends a request to the control socket,', ['systemctl', 'reload', unit]],
    ['SIGUSR2', ['systemctl', 'kill', '--signal=USR2', '--kill-whom=main', unit]],
    ['shellflip restart', ['shellflip', 'restart', '--socket', '/run/app-fd-store/restart.sock']],
  ])('%s restarts it as well', async (_, command) => {
    const before = await visits()
    const load = machine.load({ target, keepAlive: 8, newConnections: 8 })
    await load.answered(50)
    for (let n = 0; n < 2; n++) {
      const pid = await mainPid()
      await machine.run(command)
      await waitFor(async () => !['0', pid].includes(await mainPid()), { deadlineMs: 20_000 })
      await machine.until(unit, { ActiveState: 'active', NFileDescriptorStore: '3', Result: 'success' })
      await load.answered(50)
    }
    const { requests, ok, failed, failures } = await load.stop()
    expect({ failed, failures, ok }).toMatchObject({ failed: 0, ok: requests })
    expect(await visits()).toBe(before + requests + 1)
  })
})

test('after a service is killed, connections wait, the state starts clean, and the journal reports it', async () => {
  const { NRestarts } = await machine.show(unit, 'NRestarts')
  const load = machine.load({ target: { port }, newConnections: 4 })
  await load.answered(50)
  await machine.run(['systemctl', 'kill', '--signal=KILL', '--kill-whom=main', unit])
  await machine.until(unit, { NRestarts: String(Number(NRestarts) + 1), ActiveState: 'active' })
  await load.answered(50)
  const { failures, ok } = await load.stop()
  expect(failures.refused).toBe(0)
  expect(await visits()).toBeLessThan(ok)
  expect(await journal()).toContain(
    'state-discarded: the last instance did not leave the state "visits". It crashed, or could not save it',
  )
  expect(await stored()).toEqual(sockets)
  await restart()
  expect(await visits()).toBeGreaterThan(50)
})

test('systemctl reload fails with the reason if the state cannot be saved, and the service keeps serving', async () => {
  await deploy('unsaved', (server) => server.replace('save: () => count', 'save: () => ({ visits: "many" })'))
  await restart()
  const before = await machine.show(unit, 'MainPID', 'NRestarts')
  const load = machine.load({ target: { port }, keepAlive: 2, newConnections: 2 })
  await load.answered(20)
  expect(await machine.systemctl('reload', unit)).toMatchObject({ code: 1 })
  expect(await journal()).toMatch(/shellflip: restart failed: the state cannot be handed over: .*visits/)
  expect(await machine.show(unit, 'ActiveState', 'StatusText')).toEqual({
    ActiveState: 'active',
    StatusText: expect.stringMatching(
      /^serving; the last upgrade failed: the state cannot be handed over: .*visits/,
    ),
  })
  expect(await machine.show(unit, 'MainPID', 'NRestarts')).toEqual(before)
  await load.answered(20)
  expect(await load.stop()).toMatchObject({ failed: 0 })
  expect(await stored()).toEqual(sockets)
})

test('systemctl restart does not check, and loses such a state. The exit status and the journal report it', async () => {
  await machine.install(example, 'v1')
  await restart()
  expect(await journal()).toMatch(/state-not-saved: .*visits/)
  expect(await journal()).toContain('status=1/FAILURE')
  expect(await visits()).toBe(1)
})

test('the state of another application, or of a newer version, is not taken; it is gone afterwards', async () => {
  await deploy('other', (server) => server.replace("name: 'visits'", "name: 'sessions'"))
  await restart()
  expect(await journal()).toContain(
    'state-discarded: the last instance left the state "visits", but not "sessions"',
  )
  expect(await visits()).toBe(1)
  expect(await stored()).toEqual(sockets)

  await deploy('newer', (server) =>
    server.replace("name: 'visits', version: 1", "name: 'visits', version: 2, migrations: { 1: (v) => v }"),
  )
  await restart()
  await restart()
  machine.switchTo(example, 'v1')
  await restart()
  expect((await journal()).match(/state-discarded: .*version 2/g)).toHaveLength(1)
  expect(await visits()).toBe(1)
  await restart()
  expect(await visits()).toBe(2)
})

test('a socket that the new version does not want is closed, and its path goes; back again, it is bound anew', async () => {
  await deploy('tcp-only', (server) => server.replace(/, \{ path: .*\}\]/, ']'))
  await restart()
  expect(await stored()).toEqual(sockets.filter((name) => !name.includes('http.sock')))
  expect(existsSync(machine.path(path))).toBe(false)
  machine.switchTo(example, 'v1')
  await restart()
  expect(await stored()).toEqual(sockets)
  expect(await visits('--unix-socket', path, 'localhost')).toBeGreaterThan(0)
})

test('a socket that the program closes while it serves, or opens, goes from the store, or comes', async () => {
  await deploy(
    'changing',
    (server) =>
      `${server
        .replace('createServer(visit)', '(servers.push(createServer(visit)), servers.at(-1))')
        .replace('const visit', 'const servers = []\nconst visit')
        .replace(
          'const { type, report }',
          `
process.on('SIGHUP', () => servers[0].close())
process.on('SIGWINCH', () => flip.listen(createServer(visit), { port: 8099 }))
const { type, report }`,
        )}`,
  )
  await restart()
  await machine.run(['systemctl', 'kill', '--signal=WINCH', '--kill-whom=main', unit])
  await waitFor(async () => (await stored()).length === 4)
  expect(await stored()).toContain('listen%3Atcp%3A//*%3A8099')
  await machine.run(['systemctl', 'kill', '--signal=HUP', '--kill-whom=main', unit])
  await waitFor(async () => (await stored()).length === 3)
  expect(await machine.exec(['curl', '--silent', `localhost:${port}`])).toMatchObject({ code: 7 })
  machine.switchTo(example, 'v1')
  await restart()
  expect(await stored()).toEqual(sockets)
})

test('shellflip requests more time from systemd if saving the state takes longer than TimeoutStopSec=', async () => {
  const undo = await override('TimeoutStopSec=2')
  await deploy('slow', (server) =>
    server
      .replace('defineState', 'defineStateStream')
      .replace('defineState(', 'defineStateStream(')
      .replace(
        'save: () => count',
        `async *save() {
    await new Promise((resolve) => setTimeout(resolve, 5_000))
    yield count
  }`,
      )
      .replace('flip.state ??', '(await flip.state?.[Symbol.asyncIterator]().next())?.value ??'),
  )
  await restart()
  const before = await visits()
  await restart()
  expect(await visits()).toBe(before + 1)
  expect(await journal()).not.toContain('timed out')
  await undo()
  machine.switchTo(example, 'v1')
  await restart()
})
