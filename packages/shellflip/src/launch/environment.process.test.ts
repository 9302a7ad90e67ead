import { readFileSync, writeFileSync } from 'node:fs'
import { temporaryFolder } from '@shellflip/testing'
import { describe, expect, test, vi } from 'vitest'
import { program, RepeatedService } from '../testing/repeated-service.ts'

vi.setConfig({ testTimeout: 60_000 })

const { execPath: node } = process

/** In bytes, but for what the test and a shell between predecessor and successor set. */
function environmentOf(pid: number): string[] {
  const all = readFileSync(`/proc/${pid}/environ`, 'latin1').split('\0')
  return all.filter((entry) => entry !== '' && !/^(_|SHLVL|PWD|OLDPWD|SHELLFLIP_\w+)=/.test(entry)).sort()
}

describe.runIf(process.platform === 'linux')('a successor has the environment of a restart', () => {
  test('what --env-file names is read again: changed, added and removed', async () => {
    using folder = temporaryFolder()
    const file = folder.join('.env')
    writeFileSync(file, 'APP_CHANGED=1\nAPP_REMOVED=1\n')
    await using service = await RepeatedService.start([node, `--env-file=${file}`, program])
    expect(service.serving.app).toMatchObject({ APP_CHANGED: '1', APP_REMOVED: '1' })
    writeFileSync(file, 'APP_CHANGED=2\nAPP_ADDED=2\n')
    for (const _ of [2, 3])
      expect((await service.upgraded()).app).toEqual({ APP_CHANGED: '2', APP_ADDED: '2' })
  })

  test('what the program puts into process.env is not passed on', async () => {
    using folder = temporaryFolder()
    const file = folder.join('.env')
    writeFileSync(file, 'APP_CHANGED=1\nAPP_REMOVED=1\n')
    await using service = await RepeatedService.start([node, program], { env: { APP_DOTENV: file } })
    expect(service.serving.app).toMatchObject({ APP_CHANGED: '1', APP_REMOVED: '1' })
    writeFileSync(file, 'APP_CHANGED=2\n')
    expect((await service.upgraded()).app).toEqual({ APP_DOTENV: file, APP_CHANGED: '2' })
  })

  test('what the program removes from process.env is there again', async () => {
    const env = { APP_DELETES: 'APP_SECRET', APP_SECRET: 'of the start' }
    await using service = await RepeatedService.start([node, program], { env })
    expect(service.serving.app).toEqual({ APP_DELETES: 'APP_SECRET' })
    const { pid } = await service.upgraded()
    expect(environmentOf(pid)).toContain('APP_SECRET=of the start')
  })

  test('successor.env changes it', async () => {
    const change = { env: { APP_ADDED: 'by launch', APP_CHANGED: 'by launch' } }
    await using service = await RepeatedService.start([node, program], {
      env: { APP_LAUNCH: JSON.stringify(change), APP_CHANGED: 'at the start' },
    })
    expect((await service.upgraded()).app).toMatchObject(change.env)
  })

  test.each([
    ['directly', {}],
    ['by a launcher', { APP_LAUNCHER: '1' }],
  ])('started %s, it has the same bytes', async (_, env) => {
    const odd = String.raw`"$(printf 'APP_LATIN=caf\351\n')" "$(printf 'app.\377=caf\351')" app.dotted=1 PATH="$PATH:$(printf '/\377')"`
    await using service = await RepeatedService.start(
      ['/bin/sh', '-c', `exec /usr/bin/env -- ${odd} "$@"`, 'sh', node, program],
      { env },
    )
    const first = environmentOf(service.serving.pid)
    expect(first).toContain('APP_LATIN=caf\xe9')
    expect(first).toContain('app.\xff=caf\xe9')
    expect(first).toContain('app.dotted=1')
    for (const _ of [2, 3]) expect(environmentOf((await service.upgraded()).pid)).toEqual(first)
  })

  test('started for a service manager, it has them too, with NOTIFY_SOCKET', async () => {
    using folder = temporaryFolder()
    // Nobody listens there, and nothing of an upgrade depends on an answer.
    const env = {
      NOTIFY_SOCKET: folder.join('notify'),
      WATCHDOG_USEC: '60000000',
      LISTEN_FDNAMES: 'of another',
    }
    await using service = await RepeatedService.start(
      ['/usr/bin/env', '--', 'app.dotted=1', 'APP_TEXT=ä b', node, program],
      { env },
    )
    const first = environmentOf(service.serving.pid)
    const second = environmentOf((await service.upgraded()).pid)
    expect(second).toEqual(first.filter((entry) => !entry.startsWith('LISTEN_FDNAMES=')))
  })

  test('the IPC channel of the first start is not passed on', async () => {
    const fork = `
      const child = require('node:child_process').fork(${JSON.stringify(program)})
      setInterval(() => {}, 1000)`
    await using service = await RepeatedService.start([node, '--eval', fork])
    const { pid } = await service.upgraded()
    expect(readFileSync(`/proc/${pid}/environ`, 'latin1')).not.toContain('NODE_CHANNEL_FD')
  })
})
