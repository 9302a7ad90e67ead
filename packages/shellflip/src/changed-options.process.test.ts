import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import { isUnixPathBound, listenUnix } from '@shellflip/fd-passing'
import { freePort, waitFor } from '@shellflip/testing'
import { describe, expect, test, vi } from 'vitest'
import { Deployment, type PlannedSocket } from './testing/deployment.ts'

// The tests look in /proc for what is left of a service.
const onLinux = describe.runIf(process.platform === 'linux')
// Other tests may have the processors.
vi.setConfig({ testTimeout: 60_000 })

const http: PlannedSocket = { name: 'http', host: '127.0.0.1', port: 0 }

onLinux('an upgrade applies what changed:', () => {
  test('the mode of a UNIX path', async () => {
    await using service = new Deployment()
    const path = service.join('web.sock')
    await service.serve({ version: '1', sockets: [{ path, mode: 0o666 }] })
    expect(statSync(path).mode & 0o777).toBe(0o666)
    const { ino } = statSync(path)
    await service.upgradeTo({ version: '2', sockets: [{ path, mode: 0o600 }] })
    expect(statSync(path)).toMatchObject({ ino })
    await waitFor(() => (statSync(path).mode & 0o777) === 0o600)
  })

  test('a failed upgrade leaves the mode alone', async () => {
    await using service = new Deployment()
    const path = service.join('web.sock')
    await service.serve({ version: '1', sockets: [{ path, mode: 0o666 }] })
    await service.failTo({ version: '2', sockets: [{ path, mode: 0o600 }], also: 'process.exit(3)' })
    expect(statSync(path).mode & 0o777).toBe(0o666)
  })

  test('a UNIX path that was removed exists again', async () => {
    await using service = new Deployment()
    const path = service.join('web.sock')
    await service.serve({ version: '1', sockets: [{ path, mode: 0o660 }] })
    rmSync(path)
    const pid = await service.upgradeTo({ version: '2', sockets: [{ path, mode: 0o660 }] })
    expect(await service.answer({ path })).toMatchObject({ pid })
    expect(statSync(path).mode & 0o777).toBe(0o660)
    await waitFor(() => service.processes.length === 1)
    const next = await service.upgradeTo({ version: '3', sockets: [{ path }] })
    expect(await service.answer({ path })).toMatchObject({ pid: next })
    process.kill(next, 'SIGTERM')
    await waitFor(() => service.processes.length === 0)
    expect(existsSync(path)).toBe(false)
  })

  test('a control socket that was removed, with its folder', async () => {
    await using service = new Deployment()
    const controlSocket = service.join('folder/control.sock')
    const options = { controlSocket }
    const { pid } = await service.serve({ version: '1', options })
    rmSync(service.join('folder'), { recursive: true })
    process.kill(pid, 'SIGUSR2')
    await service.told((line) => line.pid !== pid && line.ready)
    expect(lstatSync(controlSocket).isSocket()).toBe(true)
  })
})

onLinux('a control socket that a new version moves', () => {
  test.each<[string, (service: Deployment) => string | undefined]>([
    ['to another path', (service) => service.join('moved.sock')],
    ['to nowhere', () => undefined],
  ])('%s leaves neither its path nor its lock file', async (_, to) => {
    await using service = new Deployment()
    const { pid } = await service.serve({ version: '1', sockets: [http] })
    const controlSocket = to(service)
    service.deploy({ version: '2', sockets: [http], options: { controlSocket } })
    await service.restart()
    const next = await service.told((line) => line.pid !== pid && line.ready)
    expect(await service.answer()).toMatchObject({ pid: next.pid })
    await waitFor(() => !existsSync(service.controlSocket), { what: 'the end of the old path' })
    expect(existsSync(`${service.controlSocket}.lock`)).toBe(false)
  })
})

onLinux('an upgrade says why it cannot apply', () => {
  test.each(['web.sock', 'restart.sock'])('that another process answers at %s', async (name) => {
    await using service = new Deployment()
    const path = service.join(name)
    const { pid } = await service.serve({ version: '1', sockets: [http, { path: service.join('web.sock') }] })
    rmSync(path)
    using other = listenUnix({ path })
    process.kill(pid, 'SIGUSR2')
    const { event } = await service.told(({ event }) => event?.type === 'upgrade-over')
    expect(event.outcome).toMatchObject({
      type: 'failed',
      message: expect.stringMatching(/a live process listens at/),
    })
    expect(await service.answer()).toMatchObject({ pid })
    process.kill(pid, 'SIGTERM')
    await waitFor(() => service.processes.length === 0)
    expect(isUnixPathBound(path), 'it is left to the other one').toBe(true)
    expect(other.closed).toBe(false)
  })

  test('another ipv6Only', async () => {
    await using service = new Deployment()
    const port = await freePort()
    const { pid } = await service.serve({ version: '1', sockets: [http, { host: '::', port }] })
    const sockets = [http, { host: '::', port, ipv6Only: true }]
    expect(await service.failTo({ version: '2', sockets })).toMatch(
      `cannot set ipv6Only to true at [::]:${port}: the predecessor bound this socket with false`,
    )
    expect(await service.answer({ address: '127.0.0.1', port })).toMatchObject({ pid })
  })

  test('a narrower host at the same port', async () => {
    await using service = new Deployment()
    const port = await freePort()
    const { pid } = await service.serve({ version: '1', sockets: [{ port }] })
    const reason = await service.failTo({ version: '2', sockets: [{ host: '127.0.0.1', port }] })
    expect(reason).toMatch(`cannot listen at 127.0.0.1:${port}: the predecessor holds *:${port}`)
    expect(await service.answer({ address: '127.0.0.1', port })).toMatchObject({ pid })
  })
})

onLinux('a control folder that became useless is harmless:', () => {
  test('it is a file now', async () => {
    await using service = new Deployment()
    const options = { controlSocket: service.join('folder/control.sock') }
    const plan = { version: '1', sockets: [http], options }
    const { pid } = await service.serve(plan)
    renameSync(service.join('folder'), service.join('moved'))
    writeFileSync(service.join('folder'), '')
    process.kill(pid, 'SIGUSR2')
    const { event } = await service.told(({ event }) => event?.type === 'upgrade-over')
    expect(event.outcome).toMatchObject({ type: 'failed' })
    expect(event.outcome.message).toContain(service.join('folder'))
    expect(await service.answer()).toMatchObject({ pid })
    rmSync(service.join('folder'))
    mkdirSync(service.join('folder'), { mode: 0o700 })
    process.kill(pid, 'SIGUSR2')
    const next = await service.told((line) => line.pid !== pid && line.ready)
    expect(await service.answer()).toMatchObject({ pid: next.pid })
  })

  test.runIf(process.getuid?.() === 0)('its process dropped the privileges that it takes', async () => {
    await using service = new Deployment()
    chmodSync(service.join('.'), 0o755)
    const afterwards = 'if (process.getuid() === 0) { process.setgid(65534); process.setuid(65534) }'
    const options = { controlSocket: service.join('folder/control.sock') }
    const plan = { sockets: [http, { path: service.join('web.sock') }], options, afterwards }
    const { pid } = await service.serve({ version: '1', ...plan })
    await waitFor(() => statSync(`/proc/${pid}`).uid === 65534)
    process.kill(pid, 'SIGUSR2')
    const over = await service.told(({ event }) => event?.type === 'upgrade-over')
    expect(over.event.outcome).toMatchObject({ type: 'upgraded' })
    const next = await service.told((line) => line.pid !== pid && line.ready)
    expect(await service.answer()).toMatchObject({ pid: next.pid })
  })
})
