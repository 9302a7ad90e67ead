import { readdirSync } from 'node:fs'
import { waitFor } from '@shellflip/testing'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Machine } from './machine.ts'

const example = 'procroll-notify-reload'
const unit = 'web.service'
const target = { port: 8080 }

let machine: Machine

beforeAll(async () => {
  machine = await Machine.boot()
  await machine.install(example, 'v1')
  await machine.run(['systemctl', 'start', unit])
})

afterAll(() => machine?.stop())

/** Installs a release whose server does this instead. */
async function deployBroken(release: string, server: string) {
  machine.write(`/srv/${example}/releases/${release}/server.mjs`, server)
  machine.switchTo(example, release)
}

async function answer(): Promise<string> {
  return machine.run(['curl', '--silent', '--show-error', '--max-time', '10', 'http://localhost:8080/'])
}

const left = (folder: string) =>
  readdirSync(machine.path(folder)).filter((name) => /procroll|^web/.test(name))

test('the unit is active when its first generation is ready, and its status says so', async () => {
  expect(await machine.show(unit, 'Type', 'ActiveState', 'SubState', 'StatusText')).toEqual({
    Type: 'notify-reload',
    ActiveState: 'active',
    SubState: 'running',
    StatusText: 'generation 1 ready (v1 serves)',
  })
  expect(await answer()).toBe('v1')
})

describe('systemctl reload', () => {
  test('under load returns when only the new release answers, and no request fails', async () => {
    const { MainPID } = await machine.show(unit, 'MainPID')
    const load = machine.load({ target, keepAlive: 8, newConnections: 4 })
    await load.answered(200)
    for (const [n, release] of ['v2', 'v3', 'v4'].entries()) {
      await machine.install(example, release)
      expect(await machine.systemctl('reload', unit)).toEqual({ code: 0, stdout: '', stderr: '' })
      expect(await machine.show(unit, 'ActiveState', 'MainPID', 'NRestarts')).toEqual({
        ActiveState: 'active',
        MainPID,
        NRestarts: '0',
      })
      const { StatusText } = await machine.show(unit, 'StatusText')
      expect(StatusText).toContain(`generation ${n + 2} ready`)
      await load.answered(200)
    }
    const { requests, ok, failed, failures, bodies } = await load.stop()
    expect({ failed, failures, ok }).toMatchObject({ failed: 0, ok: requests })
    for (const release of ['v1', 'v2', 'v3', 'v4']) expect(bodies[`${release}\n`]).toBeGreaterThan(0)
    await machine.until(unit, { StatusText: 'generation 4 ready (v4 serves)' })
  })

  test.each([
    ['exits before it is ready', 'process.exit(3)', 'exited with 3 before ready'],
    ['dies of a signal', 'process.kill(process.pid, "SIGKILL")', 'killed by SIGKILL before ready'],
    ['is never ready', 'setInterval(() => {}, 1000)', 'not ready within 10s'],
  ])(
    'of a release that %s returns as well, and status and journal have the reason',
    async (_, server, reason) => {
      const before = await machine.show(unit, 'MainPID', 'NRestarts')
      const load = machine.load({ target, keepAlive: 2, newConnections: 2 })
      await load.answered(20)
      await deployBroken('broken', server)
      await machine.run(['systemctl', 'reload', unit])
      const { StatusText } = await machine.show(unit, 'StatusText')
      expect(StatusText).toMatch(
        new RegExp(`^generation 4 ready .*, roll to generation \\d failed: ${reason}$`),
      )
      expect((await machine.systemctl('status', unit)).stdout).toContain(reason)
      expect((await machine.journal(unit)).join('\n')).toContain(reason)
      expect(await machine.show(unit, 'MainPID', 'NRestarts')).toEqual(before)
      await load.answered(20)
      const { failed, bodies } = await load.stop()
      expect(failed).toBe(0)
      expect(Object.keys(bodies)).toEqual(['v4\n'])
    },
  )

  test('works again after the failed ones', async () => {
    await machine.install(example, 'v5')
    await machine.run(['systemctl', 'reload', unit])
    expect(await answer()).toBe('v5')
    await machine.until(unit, { ActiveState: 'active', StatusText: 'generation 8 ready (v5 serves)' })
  })
})

test('the watchdog is petted: nothing happens within twice WatchdogSec', async () => {
  const before = await machine.show(unit, 'MainPID', 'NRestarts', 'WatchdogUSec')
  expect(before.WatchdogUSec).toBe('5s')
  const uptimeSeconds = async () => Number((await machine.run(['cat', '/proc/uptime'])).split(' ')[0])
  const since = await uptimeSeconds()
  await waitFor(async () => (await uptimeSeconds()) > since + 10, { deadlineMs: 20_000 })
  expect(await machine.show(unit, 'MainPID', 'NRestarts', 'WatchdogUSec')).toEqual(before)
})

test('a procroll that hangs is ended by the watchdog and started again, with nothing left of it', async () => {
  const { MainPID } = await machine.show(unit, 'MainPID')
  await machine.run(['systemctl', 'kill', '--signal=STOP', '--kill-whom=main', unit])
  await machine.until(unit, { NRestarts: '1', ActiveState: 'active' })
  expect((await machine.show(unit, 'MainPID')).MainPID).not.toBe(MainPID)
  expect((await machine.journal(unit)).join('\n')).toContain('Watchdog timeout (limit 5s)!')
  expect(await answer()).toBe('v5')
  const { ControlGroup } = await machine.show(unit, 'ControlGroup')
  const processes = await machine.run(['cat', `/sys/fs/cgroup${ControlGroup}/cgroup.procs`])
  expect(processes.split('\n')).toHaveLength(2)
})

test('systemctl restart refuses connections meanwhile, since procroll held the socket', async () => {
  const load = machine.load({ target, newConnections: 4 })
  await load.answered(20)
  await machine.run(['systemctl', 'restart', unit])
  await load.answered(20)
  expect((await load.stop()).failures.refused).toBeGreaterThan(0)
})

test('systemctl stop ends it in order, with a client that holds its connection, and leaves nothing', async () => {
  const load = machine.load({ target, keepAlive: 2, thinkTimeMs: 50 })
  await load.answered(10)
  await machine.run(['systemctl', 'stop', unit])
  expect(await machine.show(unit, 'ActiveState', 'Result', 'ExecMainStatus')).toEqual({
    ActiveState: 'inactive',
    Result: 'success',
    ExecMainStatus: '0',
  })
  expect((await machine.journal(unit)).join('\n')).not.toMatch(/timed out|SIGKILL\b.*stop/)
  expect(left('/run/procroll')).toEqual([])
  expect(left('/tmp')).toEqual([])
  load.abandon()
})

test('a generation that does not end is killed by procroll, before systemd would kill all', async () => {
  const stubborn = 'trap "" TERM; systemd-notify --ready; while :; do sleep 0.1; done'
  await machine.run([
    ...['systemd-run', '--unit=stubborn', '-p', 'Type=notify-reload', '-p', 'KillMode=mixed'],
    ...['-p', 'TimeoutStopSec=20', '/usr/bin/procroll', 'run', '--drain-timeout', '1s'],
    ...['--', 'sh', '-c', stubborn],
  ])
  await machine.run(['systemctl', 'stop', 'stubborn.service'])
  const journal = (await machine.journal('stubborn.service')).join('\n')
  expect(journal).toMatch(/level=WARN msg=.*kill/)
  expect(journal).not.toContain('timed out')
  expect(journal).toContain('stubborn.service: Deactivated successfully.')
})
