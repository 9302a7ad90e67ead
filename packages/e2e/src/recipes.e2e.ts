import { readdirSync } from 'node:fs'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Machine } from './machine.ts'
import { answer, bootWithRecipes, current, edit, rollUnderLoad, serverPackages } from './recipe-machine.ts'

let machine: Machine

beforeAll(async () => {
  machine = await bootWithRecipes(serverPackages)
})

afterAll(() => machine?.stop())

describe('recipes', () => {
  test.each<[string, number, string]>([
    ['nginx', 8101, 'nginx.conf'],
    ['haproxy', 8102, 'haproxy.cfg'],
    ['gunicorn', 8104, 'wsgi.py'],
  ])('%s is rolled without a failed request', { timeout: 180_000 }, async (name, port, file) => {
    await rollUnderLoad(machine, { name, port, deploy: () => edit(machine, file) })
  })

  test.each<[string, number, string, number]>([
    ['uvicorn', 8105, 'asgi.py', 8],
    ['puma', 8106, 'config.ru', 4],
  ])(
    '%s is rolled, and closes next to no connection',
    { timeout: 120_000 },
    async (name, port, file, mayClose) => {
      await rollUnderLoad(machine, { name, port, deploy: () => edit(machine, file), mayClose })
    },
  )

  test('a broken configuration of nginx fails the roll, and the old one serves', async () => {
    const unit = 'recipe-nginx.service'
    await machine.run(['systemctl', 'start', unit])
    const before = await answer(machine, 8101)
    machine.write(`${current}/nginx.conf`, 'events {}\nhttp { nonsense; }\n')
    await machine.run(['systemctl', 'reload', unit])
    expect((await machine.show(unit, 'StatusText')).StatusText).toContain('exited with 1 before ready')
    expect(await answer(machine, 8101)).toBe(before)
    await machine.run(['systemctl', 'stop', unit])
  })

  test('two instances of web@.service are rolled apart', async () => {
    const units = ['web@8109.service', 'web@8110.service']
    await machine.run(['systemctl', 'start', ...units])
    await edit(machine, 'web.mjs')
    await machine.run(['procroll', 'roll', '--name', 'web@8110'])
    expect([await answer(machine, 8109), await answer(machine, 8110)]).toEqual(['web v1', 'web v2'])
    await machine.run(['systemctl', 'stop', ...units])
    expect(readdirSync(machine.path('/run/procroll')).filter((name) => name.startsWith('web@'))).toEqual([])
  })

  test('a shell script is rolled', async () => {
    const unit = 'recipe-script.service'
    await machine.run(['systemctl', 'start', unit])
    await edit(machine, 'worker.sh')
    await machine.run(['systemctl', 'reload', unit])
    await machine.until(unit, { StatusText: 'generation 2 ready (working, v2)' })
    await machine.run(['systemctl', 'stop', unit])
    expect((await machine.show(unit, 'Result')).Result).toBe('success')
  })

  test('redis is kept running, and a roll of it fails without harm', async () => {
    await machine.run([
      ...['systemd-run', '--unit=recipe-redis', '-p', 'Type=notify-reload', '-p', 'KillMode=mixed'],
      ...['procroll', 'run', '--name=redis', '--', 'redis-server', '--supervised', 'systemd'],
      ...['--port', '8111', '--dir', '/tmp'],
    ])
    const redis = (...words: string[]) => machine.run(['redis-cli', '-p', '8111', ...words])
    await redis('set', 'key', 'kept')
    expect((await machine.exec(['procroll', 'roll', '--name=redis'])).code).toBe(1)
    expect((await redis('get', 'key')).trim()).toBe('kept')
    await machine.run(['systemctl', 'stop', 'recipe-redis'])
  })
})
