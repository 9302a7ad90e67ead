import { createSocket } from 'node:dgram'
import { once } from 'node:events'
import { existsSync, openSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { connect } from 'node:net'
import { bindUdp, listenTcp, listenUnix, OwnedFd } from '@shellflip/fd-passing'
import { freePort, waitFor } from '@shellflip/testing'
import { describe, expect, test, vi } from 'vitest'
import { Deployment, type Opened, type PlannedSocket } from './testing/deployment.ts'

// The tests look in /proc for what is left of a service.
const onLinux = describe.runIf(process.platform === 'linux')
// Other tests may have the processors.
vi.setConfig({ testTimeout: 60_000 })

const control: PlannedSocket = { name: 'control', host: '127.0.0.1', port: 0 }

/** Upgrades twice, and finds these sockets where they were each time. @returns where they are */
async function keptThroughTwoUpgrades(service: Deployment, sockets: PlannedSocket[]): Promise<Opened[]> {
  const started = await service.serve({ version: '1', sockets })
  expect(started.error).toBeUndefined()
  const before = service.opened(started.pid)
  for (const version of ['2', '3']) {
    const pid = await service.upgradeTo({ version, sockets })
    expect(service.opened(pid)).toEqual(before)
    for (const where of before) expect(await service.answer(where)).toMatchObject({ pid, version })
  }
  return before
}

function hasIpv6(): boolean {
  try {
    listenTcp({ host: '::1', port: 0 }).close()
    return true
  } catch {
    return false
  }
}

onLinux('sockets survive two upgrades', () => {
  test('several of each kind, port 0 by name', async () => {
    await using service = new Deployment()
    const paths = [service.join('a.sock'), service.join('b.sock')]
    const inodes = () => paths.map((path) => statSync(path).ino)
    const sockets: PlannedSocket[] = [
      { name: 'one', host: '127.0.0.1', port: 0 },
      { name: 'two', host: '127.0.0.1', port: 0 },
      ...paths.map((path) => ({ path })),
    ]
    await service.serve({ version: '1', sockets })
    const before = inodes()
    const [one, two] = service.opened(service.lines[0]?.pid ?? 0)
    expect(one?.port).not.toBe(two?.port)
    for (const version of ['2', '3']) {
      // Names tell which is which, and not the order.
      sockets.reverse()
      const pid = await service.upgradeTo({ version, sockets })
      const places = service.opened(pid)
      for (const where of places) expect(await service.answer(where)).toMatchObject({ pid })
      expect(places[sockets.findIndex(({ name }) => name === 'one')]).toEqual(one)
      expect(places[sockets.findIndex(({ name }) => name === 'two')]).toEqual(two)
      expect(inodes()).toEqual(before)
    }
  })

  test.each([
    ['127.0.0.1', '127.0.0.1'],
    ['localhost', '127.0.0.1'],
    ['0.0.0.0', '0.0.0.0'],
    [undefined, '::'],
    ['::', '::'],
    ['::1', '::1'],
  ])('host %s', async (host, probed) => {
    if (probed.includes('::') && !hasIpv6()) return
    await using service = new Deployment()
    const port = await freePort(probed)
    const [where] = await keptThroughTwoUpgrades(service, [{ ...(host && { host }), port }])
    expect(where?.port).toBe(port)
  })

  test('a path is unlinked when the service stops, and not before', async () => {
    await using service = new Deployment()
    const path = service.join('app.sock')
    await keptThroughTwoUpgrades(service, [{ path }])
    const { pid } = await service.answer({ path })
    await waitFor(() => service.processes.length === 1)
    expect(existsSync(path)).toBe(true)
    process.kill(pid, 'SIGTERM')
    await service.told((line) => line.pid === pid && line.end)
    await waitFor(() => service.processes.length === 0)
    expect(existsSync(path)).toBe(false)
    expect(existsSync(service.controlSocket)).toBe(false)
  })

  test('any descriptor, by name, several of a name', async () => {
    await using service = new Deployment()
    const file = service.join('opened')
    writeFileSync(file, '1')
    const sockets: PlannedSocket[] = [
      control,
      ...['a', 'a', 'b'].map((name) => ({ kind: 'fd', name }) as const),
    ]
    await service.serve({ version: '1', sockets }, { env: { OPENED: file } })
    const { ino } = statSync(file)
    rmSync(file)
    for (const version of ['2', '3']) {
      const pid = await service.upgradeTo({ version, sockets })
      const [, ...descriptors] = service.opened(pid)
      expect(descriptors).toEqual(['a', 'a', 'b'].map((name) => ({ name, ino })))
    }
  })
})

onLinux('UDP', () => {
  test.each(hasIpv6() ? ['127.0.0.1', '::1'] : ['127.0.0.1'])(
    'at %s: each datagram during two upgrades is received by exactly one',
    async (host) => {
      await using service = new Deployment()
      const sockets: PlannedSocket[] = [control, { kind: 'udp', name: 'dns', host, port: 0 }]
      const { pid: firstPid } = await service.serve({ version: '1', sockets })
      const port = service.opened(firstPid)[1]?.port ?? 0
      const client = createSocket(host === '::1' ? 'udp6' : 'udp4')
      let [sent, answered] = [0, 0]
      client.on('message', () => answered++)
      // No more than fit into a socket's buffer: what the kernel drops because a process gets no processor, nobody has lost.
      const mostUnanswered = 100
      const sending = setInterval(() => {
        if (sent - answered < mostUnanswered) client.send(`${sent++}`, port, host)
      }, 2)
      try {
        for (const version of ['2', '3']) {
          const pid = await service.upgradeTo({ version, sockets })
          expect(service.opened(pid)[1]?.port).toBe(port)
          await service.told((line) => line.pid === pid && line.datagram)
        }
      } finally {
        clearInterval(sending)
      }
      const received = () => service.lines.filter(({ datagram }) => datagram !== undefined)
      await waitFor(() => received().length >= sent, { what: `${sent} datagrams` })
      const numbers = received().map(({ datagram }) => Number(datagram))
      expect(numbers.sort((a, b) => a - b)).toEqual(Array.from({ length: sent }, (_, index) => index))
      expect(new Set(received().map(({ pid }) => pid)).size, 'each version had some').toBe(3)
      client.close()
    },
  )
})

onLinux('UDP without a host', () => {
  test.each(hasIpv6() ? (['udp4', 'udp6'] as const) : (['udp4'] as const))(
    'a %s socket is answered from, before an upgrade and after it',
    async (type) => {
      await using service = new Deployment()
      const sockets: PlannedSocket[] = [control, { kind: 'udp', type, name: 'dns', port: 0 }]
      const { pid } = await service.serve({ version: '1', sockets })
      const port = service.opened(pid)[1]?.port ?? 0
      expect(await heardBy(type, port)).toBe(`${pid}`)
      const successor = await service.upgradeTo({ version: '2', sockets })
      await waitFor(() => service.processes.length === 1)
      expect(await heardBy(type, port)).toBe(`${successor}`)
    },
  )

  test.runIf(hasIpv6())('one of each type and one name: each is found again', async () => {
    await using service = new Deployment()
    const both = (['udp4', 'udp6'] as const).map(
      (type) => ({ kind: 'udp', type, name: 'dns', port: 0 }) as const,
    )
    const sockets: PlannedSocket[] = [control, ...both]
    const { pid } = await service.serve({ version: '1', sockets })
    const successor = await service.upgradeTo({ version: '2', sockets: [control, ...both.reverse()] })
    expect(service.opened(successor).slice(1).reverse()).toEqual(service.opened(pid).slice(1))
  })

  test('a socket of another family than its address is refused, before anybody serves', async () => {
    await using service = new Deployment()
    const sockets: PlannedSocket[] = [
      { kind: 'udp', type: 'udp6', host: '127.0.0.1', port: await freePort('127.0.0.1') },
    ]
    const { error } = await service.serve({ version: '1', sockets })
    expect(error).toMatchObject({
      code: 'ERR_INVALID_ARGUMENT',
      message: "a socket of type udp6 cannot receive at 127.0.0.1. Make it by createSocket('udp4')",
    })
  })
})

/** The pid that answers. */
async function heardBy(type: 'udp4' | 'udp6', port: number): Promise<string> {
  const client = createSocket(type)
  try {
    client.send('who', port, type === 'udp6' ? '::1' : '127.0.0.1')
    const [answer] = await once(client, 'message', { signal: AbortSignal.timeout(20_000) })
    return String(answer)
  } finally {
    client.close()
  }
}

onLinux('sockets of a service manager', () => {
  test('are found by name, survive two upgrades, and keep their path', async () => {
    await using service = new Deployment()
    const path = service.join('activated.sock')
    const passed = [
      listenTcp({ host: '127.0.0.1', port: 0 }),
      listenUnix({ path }),
      bindUdp({ host: '127.0.0.1', port: 0 }),
      listenTcp({ host: '127.0.0.1', port: 0 }),
      new OwnedFd(openSync(import.meta.filename, 'r')),
    ]
    const sockets: PlannedSocket[] = [
      { name: 'web' },
      { name: 'local' },
      { name: 'dns', kind: 'udp' },
      // The second one of that name.
      { name: 'web', port: 1, host: '127.0.0.1' },
      { name: 'file', kind: 'fd' },
    ]
    const env = { LISTEN_PID: 'auto', LISTEN_FDS: '5', LISTEN_FDNAMES: 'web:local:dns:web:file' }
    const { pid: first, error } = await service.serve(
      { version: '1', sockets },
      { env, extraFds: passed.map(({ fd }) => fd) },
    )
    expect(error).toBeUndefined()
    const places = service.opened(first)
    expect(places[4]).toEqual({ name: 'file', ino: statSync(import.meta.filename).ino })
    for (const version of ['2', '3']) {
      const pid = await service.upgradeTo({ version, sockets })
      expect(service.opened(pid)).toEqual(places)
      for (const where of [places[0], places[1], places[3]]) {
        expect(await service.answer(where)).toMatchObject({ pid })
      }
    }
    const without = await service.upgradeTo({ version: '4', sockets: sockets.slice(0, 1) })
    await waitFor(() => service.processes.length === 1)
    expect(existsSync(path), 'not wanted any more, and not ours to unlink').toBe(true)
    process.kill(without, 'SIGTERM')
    await waitFor(() => service.processes.length === 0)
    expect(existsSync(path)).toBe(true)
    for (const fd of passed) fd.close()
  })

  test('of a requested name that was not passed', async () => {
    await using service = new Deployment()
    const { error } = await service.serve({ version: '1', sockets: [{ name: 'web' }] })
    expect(error).toMatchObject({ code: 'ERR_NO_SUCH_SOCKET' })
  })
})

onLinux('a new version with other sockets', () => {
  test('what it does not want any more is closed at the commit, and its path goes', async () => {
    await using service = new Deployment()
    const path = service.join('old.sock')
    const old: PlannedSocket = { name: 'old', host: '127.0.0.1', port: 0 }
    const { pid } = await service.serve({ version: '1', sockets: [control, old, { path }] })
    const { port = 0 } = service.opened(pid)[1] ?? {}
    await service.failTo({ version: 'bad', sockets: [control, { path: '/no/such/folder/s' }] })
    expect(await service.answer({ address: '127.0.0.1', port })).toMatchObject({ pid })
    expect(await service.answer({ path })).toMatchObject({ pid })
    const next = await service.upgradeTo({ version: '2', sockets: [control] })
    await service.told((line) => line.pid === pid && line.end)
    expect(await service.answer()).toMatchObject({ pid: next })
    const client = connect(port, '127.0.0.1')
    const [error] = await once(client, 'error')
    expect(error).toMatchObject({ code: 'ECONNREFUSED' })
    expect(existsSync(path)).toBe(false)
  })

  test('what it wants besides is bound before it is ready, and answers from then on', async () => {
    await using service = new Deployment()
    await service.serve({ version: '1', sockets: [control] })
    const path = service.join('new.sock')
    const pid = await service.upgradeTo({ version: '2', sockets: [control, { path }] })
    const of = (line: { pid: number }) => line.pid === pid
    const bound = service.lines.findIndex((line) => of(line) && line.listening)
    const isReady = (line: (typeof service.lines)[number]) => of(line) && line.event?.type === 'ready'
    await waitFor(() => service.lines.some(isReady), { what: 'the successor to say that it is ready' })
    expect(bound).toBeLessThan(service.lines.findIndex(isReady))
    expect(await service.answer({ path })).toMatchObject({ pid })
    const next = await service.upgradeTo({ version: '3', sockets: [control, { path }] })
    expect(await service.answer({ path })).toMatchObject({ pid: next })
  })

  test('a path that a failed successor bound is free again', async () => {
    await using service = new Deployment()
    await service.serve({ version: '1', sockets: [control] })
    const path = service.join('new.sock')
    const sockets = [control, { path }]
    await service.failTo({ version: 'bad', sockets: [...sockets, { path: '/no/such/folder/s' }] })
    const pid = await service.upgradeTo({ version: '2', sockets })
    expect(await service.answer({ path })).toMatchObject({ pid })
  })
})
