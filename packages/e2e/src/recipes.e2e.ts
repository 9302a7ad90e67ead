import { readdirSync } from 'node:fs'
import { waitFor } from '@shellflip/testing'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { Machine } from './machine.ts'

const example = 'recipes'
const current = `/srv/${example}/current`

let machine: Machine

async function bootWith(debianPackages: readonly string[]): Promise<void> {
  machine = await Machine.boot({ debianPackages })
  await machine.install(example)
}

afterAll(() => machine?.stop())

async function answer(port: number): Promise<string> {
  return (await machine.run(['curl', '--silent', '--max-time', '5', `http://127.0.0.1:${port}/`])).trim()
}

/** Starts a unit, rolls it to a second version under load, and stops it. */
async function rollUnderLoad(unit: string, port: number, name: string, deploy: () => Promise<unknown>) {
  await machine.run(['systemctl', 'start', unit], { deadlineMs: 120_000 })
  expect(await answer(port)).toBe(`${name} v1`)
  const load = machine.load({ target: { port }, newConnections: 4 })
  await load.answered(50)
  await deploy()
  for (const generation of [2, 3]) {
    await machine.run(['systemctl', 'reload', unit], { deadlineMs: 120_000 })
    expect((await machine.show(unit, 'StatusText')).StatusText).toContain(`generation ${generation} ready`)
    await load.answered(50)
  }
  const drained = async () => !/draining/.test((await machine.show(unit, 'StatusText')).StatusText ?? '')
  await waitFor(drained, { deadlineMs: 30_000, what: `the old generations of ${unit} to drain` })
  await load.answered(50)
  const { requests, ok, failed, failures, bodies } = await load.stop()
  console.log(`${name}: 2 rolls, ${requests} requests, ${failed} failed`)
  expect({ failed, failures, ok }).toMatchObject({ failed: 0, ok: requests })
  expect(Object.keys(bodies).map((body) => body.trim())).toEqual([`${name} v1`, `${name} v2`])
  expect(await answer(port)).toBe(`${name} v2`)
  await machine.run(['systemctl', 'stop', unit])
  expect(await machine.show(unit, 'ActiveState', 'Result')).toEqual({
    ActiveState: 'inactive',
    Result: 'success',
  })
}

const edit = (file: string) => () => machine.run(['sed', '-i', 's/v1/v2/', `${current}/${file}`])

const buildGo = () =>
  machine.run(
    [
      ...['env', 'GO111MODULE=off', 'GOPATH=/usr/share/gocode', 'GOCACHE=/tmp/go', 'CGO_ENABLED=0'],
      // Beside, then renamed: the program that runs cannot be written.
      ...['sh', '-c', `cd ${current} && go build -o next main.go && mv next go-server`],
    ],
    { deadlineMs: 240_000 },
  )

describe('recipes', () => {
  beforeAll(async () => {
    await bootWith([
      ...['nginx', 'haproxy', 'gunicorn', 'uvicorn', 'puma', 'redis-server'],
      ...['golang-go', 'golang-github-coreos-go-systemd-dev', 'openjdk-21-jdk-headless'],
    ])
  })

  test.each<[string, number, string]>([
    ['nginx', 8101, 'nginx.conf'],
    ['haproxy', 8102, 'haproxy.cfg'],
    ['gunicorn', 8104, 'wsgi.py'],
    ['uvicorn', 8105, 'asgi.py'],
    ['puma', 8106, 'config.ru'],
    ['java', 8108, 'Server.java'],
  ])('%s is rolled without a failed request', { timeout: 180_000 }, async (name, port, file) => {
    await rollUnderLoad(`recipe-${name}.service`, port, name, edit(file))
  })

  test('a Go program is rolled without a failed request', { timeout: 400_000 }, async () => {
    await buildGo()
    await rollUnderLoad('recipe-go.service', 8107, 'go', async () => {
      await edit('main.go')()
      await buildGo()
    })
  })

  test('a broken configuration of nginx fails the roll, and the old one serves', async () => {
    const unit = 'recipe-nginx.service'
    await machine.run(['systemctl', 'start', unit])
    const before = await answer(8101)
    machine.write(`${current}/nginx.conf`, 'events {}\nhttp { nonsense; }\n')
    await machine.run(['systemctl', 'reload', unit])
    expect((await machine.show(unit, 'StatusText')).StatusText).toContain('exited with 1 before ready')
    expect(await answer(8101)).toBe(before)
    await machine.run(['systemctl', 'stop', unit])
  })

  test('two instances of web@.service are rolled apart', async () => {
    const units = ['web@8109.service', 'web@8110.service']
    await machine.run(['systemctl', 'start', ...units])
    await edit('web.mjs')()
    await machine.run(['procroll', 'roll', '--name', 'web@8110'])
    expect([await answer(8109), await answer(8110)]).toEqual(['web v1', 'web v2'])
    await machine.run(['systemctl', 'stop', ...units])
    expect(readdirSync(machine.path('/run/procroll'))).toEqual([])
  })

  test('a shell script is rolled', async () => {
    const unit = 'recipe-script.service'
    await machine.run(['systemctl', 'start', unit])
    await edit('worker.sh')()
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
