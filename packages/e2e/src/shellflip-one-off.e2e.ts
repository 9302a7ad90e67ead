import { waitFor } from '@shellflip/testing'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { Machine } from './machine.ts'

const restarter = '/srv/restarter/current/restarter.mjs'
const unit = 'restarter.service'

let machine: Machine

beforeAll(async () => {
  machine = await Machine.boot()
  await machine.install('restarter')
})

afterAll(() => machine?.stop())

const start = (...properties: string[]) =>
  machine.run([
    ...['systemd-run', '--unit=restarter', '-p', 'FileDescriptorStoreMax=4096'],
    ...properties.flatMap((property) => ['-p', property]),
    ...['node', restarter, '--systemd', '--socket', '/run/restarter/restart.sock'],
  ])

const greeting = () => machine.run(['sh', '-c', 'socat -t10 - TCP:localhost:7000 </dev/null'])
const generationServes = (generation: number) =>
  waitFor(
    async () => (await machine.journal(unit)).some((line) => line.startsWith(`generation ${generation} `)),
    { deadlineMs: 20_000, what: `generation ${generation}` },
  )

test('systemd-run -p FileDescriptorStoreMax=4096 …restarter --systemd: systemctl restart keeps state and sockets', async () => {
  await start()
  await generationServes(1)
  expect(await greeting()).toBe('connection 1, to generation 1')
  await machine.run(['systemctl', 'restart', unit])
  expect(await greeting()).toBe('connection 2, to generation 2')
  expect(await machine.show(unit, 'NFileDescriptorStore', 'Type', 'Transient')).toEqual({
    NFileDescriptorStore: '2',
    Type: 'simple',
    Transient: 'yes',
  })
})

test('without Restart= in its unit, a request at its control socket ends it as a stop does', async () => {
  const { stdout } = await machine.exec([
    ...['node', restarter, 'restart', '--socket', '/run/restarter/restart.sock'],
  ])
  expect(stdout).toBe('restarted: by the service manager\n')
  await machine.until(unit, { ActiveState: 'inactive' })
})

test('with Restart=always its restart command restarts it', async () => {
  await start('Restart=always')
  await waitFor(async () => (await machine.show(unit, 'NFileDescriptorStore')).NFileDescriptorStore === '2')
  expect(await greeting()).toBe('connection 1, to generation 1')
  for (const generation of [2, 3]) {
    await machine.run(['node', restarter, 'restart', '--socket', '/run/restarter/restart.sock'])
    expect(await greeting()).toBe(`connection ${generation}, to generation ${generation}`)
  }
  await machine.until(unit, { ActiveState: 'active', NRestarts: '2', NFileDescriptorStore: '2' })
})
