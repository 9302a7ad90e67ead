import { readdirSync, statSync } from 'node:fs'
import { waitFor } from '@shellflip/testing'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { Machine } from './machine.ts'

describe.each([
  {
    example: 'procroll-notify-reload',
    name: 'web-activated',
    port: 8081,
    answer: 'v1',
    runtimeFolder: undefined,
    keepsMainPid: true,
  },
  {
    example: 'shellflip-systemd',
    name: 'app-activated',
    port: 8092,
    answer: expect.stringMatching(/visit 1$/),
    runtimeFolder: ['restart.sock'],
    keepsMainPid: false,
  },
])('$example, started by its sockets', ({ example, name, port, answer, runtimeFolder, keepsMainPid }) => {
  const unit = `${name}.service`
  const path = `/run/${name}.sock`
  let machine: Machine

  beforeAll(async () => {
    machine = await Machine.boot()
    await machine.install(example)
    await machine.run(['systemctl', 'start', `${name}.socket`])
  })

  afterAll(() => machine?.stop())

  const mainPid = async () => (await machine.show(unit, 'MainPID')).MainPID
  const firstAnswer = () => machine.run(['curl', '--silent', '--unix-socket', path, 'http://localhost/'])

  test('the first connection starts the service, which finds its sockets by FileDescriptorName=', async () => {
    expect(await machine.show(unit, 'ActiveState')).toEqual({ ActiveState: 'inactive' })
    expect(await firstAnswer()).toEqual(answer)
    await machine.until(unit, { ActiveState: 'active' })
    if (runtimeFolder) expect(readdirSync(machine.path(`/run/${name}`))).toEqual(runtimeFolder)
  })

  describe.each([
    ['TCP', { port }],
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
    async function underLoad(changesMainPid: boolean, action: () => Promise<unknown>) {
      const load = machine.load({ target, keepAlive: 4, newConnections: 8 })
      await load.answered(200)
      for (let n = 0; n < 3; n++) {
        const before = await mainPid()
        await action()
        if (changesMainPid) await waitFor(async () => !['0', before].includes(await mainPid()))
        else expect(await mainPid()).toBe(before)
        await load.answered(200)
      }
      const { requests, ok, failed, failures } = await load.stop()
      expect({ failed, failures, ok }).toMatchObject({ failed: 0, ok: requests })
      expect(statSync(machine.path(path)).ino).toBe(inode)
      expect(await machine.show(unit, 'Result', 'NRestarts')).toEqual({ Result: 'success', NRestarts: '0' })
    }

    test('systemctl reload fails no request, time and again', () =>
      underLoad(!keepsMainPid, () => machine.run(['systemctl', 'reload', unit])))

    test('systemctl restart fails no request: connections wait in the socket that systemd holds', () =>
      underLoad(true, () => machine.run(['systemctl', 'restart', unit])))

    test('a main process that is killed after a reload loses what was under way, and refuses none after it', async () => {
      await machine.run(['systemctl', 'reload', unit])
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
      await machine.run(['systemctl', 'reload', unit])
      await machine.run(['systemctl', 'stop', unit])
      expect(statSync(machine.path(path)).ino).toBe(inode)
      expect(await machine.show(unit, 'Result')).toEqual({ Result: 'success' })
      expect(await firstAnswer()).toEqual(answer)
      await machine.until(unit, { ActiveState: 'active' })
    })
  })
})

describe('sockets of systemd’s, and the fd store besides', () => {
  let machine: Machine

  beforeAll(async () => {
    machine = await Machine.boot()
    await machine.install('shellflip-systemd')
    machine.write(
      '/run/systemd/system/app-activated.service.d/test.conf',
      `[Service]
FileDescriptorStoreMax=8
RuntimeDirectoryPreserve=restart
ExecStart=
ExecStart=/usr/bin/node /srv/shellflip-systemd/current/server.mjs --fd-store
`,
    )
    await machine.run(['systemctl', 'daemon-reload'])
    await machine.run(['systemctl', 'start', 'app-activated.socket'])
  })

  afterAll(() => machine?.stop())

  test('the state survives a restart, and the sockets are not stored', async () => {
    for (let n = 1; n <= 4; n++) {
      const visit = await machine.run([
        'curl',
        '--silent',
        '--unix-socket',
        '/run/app-activated.sock',
        'localhost',
      ])
      expect(visit).toMatch(new RegExp(`visit ${n}$`))
      await machine.run(['systemctl', 'restart', 'app-activated.service'])
      expect(await machine.show('app-activated.service', 'NFileDescriptorStore')).toEqual({
        NFileDescriptorStore: '1',
      })
    }
  })
})
