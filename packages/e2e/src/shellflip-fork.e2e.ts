import { readdirSync } from 'node:fs'
import { waitFor } from '@shellflip/testing'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { Machine } from './machine.ts'
import { watchMainPid } from './main-pid-watch.ts'

const example = 'shellflip-systemd'
const unit = 'app.service'
const target = { port: 8090 }
const serving = { ActiveState: 'active', SubState: 'running', NRestarts: '0' }

let machine: Machine

beforeAll(async () => {
  machine = await Machine.boot()
  await machine.install(example, 'v1')
  await machine.run(['systemctl', 'start', unit])
})

afterAll(() => machine?.stop())

const answer = () => machine.run(['curl', '--silent', `localhost:${target.port}`])
const mainPid = async () => (await machine.show(unit, 'MainPID')).MainPID
const journal = async () => (await machine.journal(unit)).join('\n')

async function processes() {
  const { ControlGroup } = await machine.show(unit, 'ControlGroup')
  const pids = await machine.run(['cat', `/sys/fs/cgroup${ControlGroup}/cgroup.procs`])
  return pids.split('\n').filter((pid) => pid !== '')
}

async function deploy(release: string, change: (server: string) => string) {
  await machine.install(example, release)
  const path = `/srv/${example}/releases/${release}/server.mjs`
  machine.write(path, change(await machine.run(['cat', path])))
}

test('the unit is active when the service is ready', async () => {
  expect(await machine.show(unit, 'Type', 'ActiveState', 'StatusText', 'NotifyAccess')).toEqual({
    Type: 'notify',
    ActiveState: 'active',
    StatusText: 'serving',
    NotifyAccess: 'main',
  })
  expect(await answer()).toBe('v1: visit 1')
})

test('ten reloads under load fail no request, and the main pid is always that of a live process', async () => {
  const load = machine.load({ target, keepAlive: 8, newConnections: 4 })
  await load.answered(100)
  const watch = watchMainPid(machine, unit)
  const pids = [await mainPid()]
  for (let n = 2; n <= 11; n++) {
    await machine.install(example, `v${n}`)
    expect(await machine.systemctl('reload', unit)).toEqual({ code: 0, stdout: '', stderr: '' })
    expect(await machine.show(unit, ...(Object.keys(serving) as (keyof typeof serving)[]))).toEqual(serving)
    pids.push(await mainPid())
    expect(await answer()).toMatch(new RegExp(`^v${n}: visit \\d+$`))
    await load.answered(100)
  }
  const { asked, pids: seen, wrong } = await watch.stop()
  const { requests, ok, failed, failures } = await load.stop()
  console.log(`${requests} requests, ${failed} failed; systemd was asked ${asked} times`)
  expect({ failed, failures, ok }).toMatchObject({ failed: 0, ok: requests })
  expect(wrong).toEqual([])
  expect(asked).toBeGreaterThan(50)
  expect(seen).toEqual(pids.map(Number))
  expect(new Set(pids).size).toBe(11)
  await waitFor(async () => (await processes()).length === 1, { deadlineMs: 20_000 })
  expect(await processes()).toEqual([await mainPid()])
  expect(await machine.show(unit, ...(Object.keys(serving) as (keyof typeof serving)[]))).toEqual(serving)
  expect(await journal()).not.toMatch(/kill|Main process exited|Failed/i)
})

test('what was counted before the reload is counted on', async () => {
  const visits = async () => Number(/visit (\d+)/.exec(await answer())?.[1])
  const before = await visits()
  await machine.run(['systemctl', 'reload', unit])
  expect(await visits()).toBe(before + 1)
})

test('systemctl reload of a version that does not start fails with the reason, and the old one keeps serving', async () => {
  const before = await machine.show(unit, 'MainPID', 'NRestarts')
  const load = machine.load({ target, keepAlive: 2, newConnections: 2 })
  await load.answered(20)
  const watch = watchMainPid(machine, unit)
  await deploy('broken', () => 'process.exit(3)')
  const { code, stderr } = await machine.systemctl('reload', unit)
  expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringContaining('Job for app.service failed') })
  const reason = 'the successor exited with 3 before it was ready. Its standard error has the reason.'
  expect(await journal()).toContain(`shellflip: restart failed: ${reason}`)
  expect(await machine.show(unit, 'ActiveState', 'StatusText')).toEqual({
    ActiveState: 'active',
    StatusText: `serving; the last upgrade failed: ${reason}`,
  })
  expect(await machine.show(unit, 'MainPID', 'NRestarts')).toEqual(before)
  await load.answered(20)
  expect(await load.stop()).toMatchObject({ failed: 0 })
  expect(await watch.stop()).toMatchObject({ pids: [Number(before.MainPID)], wrong: [] })

  machine.switchTo(example, 'v11')
  await machine.run(['systemctl', 'reload', unit])
  expect(await mainPid()).not.toBe(before.MainPID)
})

test('SIGUSR2 from systemctl kill upgrades too', async () => {
  const before = await mainPid()
  const load = machine.load({ target, keepAlive: 2, newConnections: 2 })
  await load.answered(20)
  await machine.run(['systemctl', 'kill', '--signal=USR2', '--kill-whom=main', unit])
  await waitFor(async () => (await mainPid()) !== before)
  await machine.until(unit, serving)
  await load.answered(20)
  expect(await load.stop()).toMatchObject({ failed: 0 })
})

test('the watchdog is petted through an upgrade that takes longer than WatchdogSec, and after it', async () => {
  const before = await mainPid()
  expect((await machine.show(unit, 'WatchdogUSec')).WatchdogUSec).toBe('5s')
  await deploy('slow', (server) => `await new Promise((resolve) => setTimeout(resolve, 8_000))\n${server}`)
  await machine.run(['systemctl', 'reload', unit])
  const after = await mainPid()
  expect(after).not.toBe(before)
  const uptimeSeconds = async () => Number((await machine.run(['cat', '/proc/uptime'])).split(' ')[0])
  const since = await uptimeSeconds()
  await waitFor(async () => (await uptimeSeconds()) > since + 8, { deadlineMs: 20_000 })
  expect(await machine.show(unit, 'MainPID', 'NRestarts')).toEqual({ MainPID: after, NRestarts: '0' })
})

/** Asks for what takes some seconds, and returns when that is under way. */
async function slowRequest() {
  const answered = machine.exec(['curl', '--silent', '--show-error', `localhost:${target.port}/slow`])
  await waitFor(async () => (await journal()).endsWith('slow'), { what: 'the slow request' })
  return { answered }
}

const slowAnswers = (server: string) =>
  server.replace(
    'const visit = (',
    `const visit = (request, response) => {
  if (request.url !== '/slow') return answer(request, response)
  console.log('slow')
  setTimeout(answer, 4_000, request, response)
}
const answer = (`,
  )

test('systemctl stop during a drain ends both generations in order: what is under way is answered', async () => {
  await deploy('v12', slowAnswers)
  await machine.run(['systemctl', 'reload', unit])
  const { answered } = await slowRequest()
  await machine.run(['systemctl', 'reload', unit])
  expect(await processes()).toHaveLength(2)
  await machine.run(['systemctl', 'stop', unit])
  expect(await answered).toEqual({ code: 0, stdout: expect.stringMatching(/^v12: visit/), stderr: '' })
  expect(await machine.show(unit, 'ActiveState', 'Result', 'ExecMainStatus', 'NRestarts')).toEqual({
    ActiveState: 'inactive',
    Result: 'success',
    ExecMainStatus: '0',
    NRestarts: '0',
  })
  expect(await journal()).not.toContain('timed out')
  expect(readdirSync(machine.path('/run')).filter((name) => /^app$/.test(name))).toEqual([])
})

test('a successor that is killed while its predecessor drains is started anew', async () => {
  await machine.run(['systemctl', 'start', unit])
  const { answered } = await slowRequest()
  await machine.run(['systemctl', 'reload', unit])
  expect(await processes()).toHaveLength(2)
  await machine.run(['systemctl', 'kill', '--signal=KILL', '--kill-whom=main', unit])
  await machine.until(unit, { NRestarts: '1', ActiveState: 'active' })
  // At once: what its predecessor had under way was cut.
  expect(await answered).toMatchObject({ code: 52 })
})

test('a successor that hangs later is ended by the watchdog, and the service started anew', async () => {
  await machine.run(['systemctl', 'restart', unit])
  await machine.run(['systemctl', 'reload', unit])
  await machine.run(['systemctl', 'kill', '--signal=STOP', '--kill-whom=main', unit])
  await machine.until(unit, { NRestarts: '1', ActiveState: 'active' })
  expect(await journal()).toContain('Watchdog timeout (limit 5s)!')
  expect(await answer()).toBe('v12: visit 1')
})
