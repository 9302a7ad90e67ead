import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { heldBytes, openFds, processState, TestProcess, temporaryFolder, waitFor } from '@shellflip/testing'
import { describe, expect, it } from 'vitest'
import { type Notification, NotifySocket } from './index.ts'
import { startService } from './testing/service-process.ts'

/** Receives until one says STOPPING=1, which it does not return. */
async function receiveAll(socket: NotifySocket): Promise<Notification[]> {
  const received: Notification[] = []
  for await (const notification of socket) {
    if (notification.message.stopping) return received
    received.push(notification)
  }
  throw new Error('the socket was closed before STOPPING=1')
}

const addresses: [string, (folder: { join: (name: string) => string }) => string][] = [
  ['a path', (folder) => folder.join('notify')],
  ...(process.platform === 'linux'
    ? [['an abstract name', () => `@sd-notify-test-${process.pid}`] as (typeof addresses)[number]]
    : []),
]

describe.each(addresses)('a service notifies at %s', (_, address) => {
  it('in the order in which it speaks, and is known by its pid', async () => {
    using folder = temporaryFolder()
    using socket = NotifySocket.open({ path: address(folder) })
    await using service = startService(
      `
      import { Notifier } from '@shellflip/sd-notify'
      const notifier = Notifier.fromEnvironment()
      const outcomes = await Promise.all([
        notifier.ready({ status: 'Serving' }),
        notifier.reloading(),
        notifier.status('two\\nlines'),
        notifier.mainPid(4711),
        notifier.extendTimeout(1500),
        notifier.ping(),
        notifier.send({ watchdog: 'trigger', watchdogUsec: 5 }),
        notifier.send({ errno: 2, busError: 'org.example.Failed', exitStatus: 3 }),
        notifier.send({ notifyAccess: 'all', custom: { X_SHARD: 'a=b' } }),
        notifier.removeFd('cache'),
        notifier.stopping(),
      ])
      console.log(JSON.stringify([outcomes, process.env.NOTIFY_SOCKET ?? 'consumed']))
      `,
      { env: { NOTIFY_SOCKET: socket.path } },
    )
    const received = await receiveAll(socket)

    expect(received.map(({ message }) => message)).toEqual([
      { ready: true, status: 'Serving' },
      { reloading: true, monotonicUsec: expect.any(BigInt) },
      { status: 'two lines' },
      { mainPid: 4711 },
      { extendTimeoutUsec: 1_500_000 },
      { watchdog: 'ping' },
      { watchdog: 'trigger', watchdogUsec: 5 },
      { errno: 2, busError: 'org.example.Failed', exitStatus: 3 },
      { notifyAccess: 'all', custom: { X_SHARD: 'a=b' } },
      { fdStoreRemove: true, fdName: 'cache' },
    ])
    if (process.platform === 'linux') {
      const sender = { pid: service.pid, uid: process.getuid?.(), gid: process.getgid?.() }
      for (const notification of received) expect(notification.sender).toEqual(sender)
      // The same clock in another process: not in the future, and not long ago.
      const age = process.hrtime.bigint() / 1000n - (received[1]?.message.monotonicUsec ?? 0n)
      expect(age).toBeGreaterThan(0n)
      expect(age).toBeLessThan(30_000_000n)
    }
    expect(await service.exit).toEqual({ code: 0, signal: null })
    expect(JSON.parse(service.stdout)).toEqual([Array(11).fill({ type: 'sent' }), 'consumed'])
  })
})

it('carries fds that work, also more than fit into one message', async () => {
  using folder = temporaryFolder()
  using socket = NotifySocket.open({ path: folder.join('notify') })
  writeFileSync(folder.join('state'), 'what was kept')
  await using service = startService(
    `
    import { openSync } from 'node:fs'
    import { OwnedFd } from '@shellflip/fd-passing'
    import { Notifier } from '@shellflip/sd-notify'
    const notifier = Notifier.fromEnvironment()
    const state = new OwnedFd(openSync(${JSON.stringify(folder.join('state'))}))
    await notifier.storeFd('state', state)
    await notifier.storeFd('log', [state, state], { poll: false, replace: false })
    await notifier.storeFd('many', Array(300).fill(state))
    await notifier.stopping()
    console.log(state.closed)
    state.close()
    `,
    { env: { NOTIFY_SOCKET: socket.path } },
  )
  const received = await receiveAll(socket)

  expect(received.map(({ message, fds }) => [message, fds.length])).toEqual([
    [{ fdStoreRemove: true, fdName: 'state' }, 0],
    [{ fdStore: true, fdName: 'state' }, 1],
    [{ fdStore: true, fdName: 'log', fdPoll: false }, 2],
    [{ fdStoreRemove: true, fdName: 'many' }, 0],
    [{ fdStore: true, fdName: 'many' }, 253],
    [{ fdStore: true, fdName: 'many' }, 47],
  ])
  const [fd] = received[1]?.fds ?? []
  expect(fd && readFileSync(fd.fd, 'utf8')).toBe('what was kept')
  for (const { fds } of received) for (const each of fds) each.close()
  expect([...openFds().values()].filter((target) => target === folder.join('state'))).toEqual([])
  await service.exit
  expect(service.stdout).toBe('false\n')
})

it.each([4 * 1024, 64 * 1024])('carries a datagram of %i bytes whole', async (bytes) => {
  using folder = temporaryFolder()
  using socket = NotifySocket.open({ path: folder.join('notify') })
  await using _service = startService(
    `
    import { Notifier } from '@shellflip/sd-notify'
    const notifier = Notifier.fromEnvironment()
    await notifier.ready({ custom: { X_PADDING: 'x'.repeat(${bytes} - 'READY=1\\nX_PADDING='.length) } })
    await notifier.stopping()
    `,
    { env: { NOTIFY_SOCKET: socket.path } },
  )
  const [notification] = await receiveAll(socket)
  expect(notification?.message).toEqual({ ready: true, custom: { X_PADDING: 'x'.repeat(bytes - 18) } })
})

it('stays responsive and small while 100,000 messages flood it', async () => {
  using folder = temporaryFolder()
  using socket = NotifySocket.open({ path: folder.join('notify') })
  await using service = startService(
    `
    import { UnixSocket } from '@shellflip/fd-passing'
    const socket = UnixSocket.connect({ type: 'datagram', address: ${JSON.stringify(socket.path)} })
    for (let i = 0; i < 100_000; i++) await socket.send('STATUS=flood ' + i + ' ' + 'x'.repeat(500))
    await socket.send('STOPPING=1')
    `,
  )
  const before = heldBytes()
  let mostHeld = 0
  let inThisTurn = 0
  let mostInATurn = 0
  let turn = setImmediate(function next() {
    inThisTurn = 0
    turn = setImmediate(next)
  })
  let count = 0
  try {
    for await (const { message } of socket) {
      mostInATurn = Math.max(mostInATurn, ++inThisTurn)
      if (message.stopping) break
      if (message.status?.startsWith(`flood ${count} `)) count++
      if (count % 20_000 === 0) mostHeld = Math.max(mostHeld, heldBytes() - before)
    }
  } finally {
    clearImmediate(turn)
  }
  expect(count).toBe(100_000)
  expect(mostInATurn).toBeLessThanOrEqual(64)
  // The flood is 50 MB.
  expect(mostHeld).toBeLessThan(10_000_000)
  expect(await service.exit).toEqual({ code: 0, signal: null })
}, 60_000)

it('does not keep a service alive that has nothing more to say', async () => {
  using folder = temporaryFolder()
  using socket = NotifySocket.open({ path: folder.join('notify') })
  await using service = startService(
    `
    import { Notifier, WatchdogPinger } from '@shellflip/sd-notify'
    const notifier = Notifier.fromEnvironment()
    WatchdogPinger.fromEnvironment(notifier)
    await notifier.ready()
    console.log(Object.keys(process.env).filter((name) => /^(WATCHDOG|NOTIFY)_/.test(name)))
    `,
    { env: { NOTIFY_SOCKET: socket.path, WATCHDOG_USEC: '60000000' } },
  )
  expect(await service.exit).toEqual({ code: 0, signal: null })
  expect(service.stdout).toBe('[]\n')
})

it('lets a service forget its notifier once it is ready, without a warning', async () => {
  using folder = temporaryFolder()
  using socket = NotifySocket.open({ path: folder.join('notify') })
  const code = `
    import { Notifier } from '@shellflip/sd-notify'
    await Notifier.fromEnvironment().ready()
    for (let turn = 0; turn < 20; turn++) {
      gc()
      await new Promise((resolve) => setImmediate(resolve))
    }`
  await using service = TestProcess.node(['--expose-gc', '--input-type=module', '--eval', code], {
    cwd: fileURLToPath(new URL('..', import.meta.url)),
    env: { NOTIFY_SOCKET: socket.path },
  })
  expect(await service.exit).toEqual({ code: 0, signal: null })
  expect(service.stderr).toBe('')
})

describe('a service that was paused for longer than its timeouts', () => {
  const timeoutMs = 500

  it.each<[string, string]>([
    ['a barrier that was passed meanwhile', `notifier.barrier({ timeoutMs: ${timeoutMs} })`],
    ['messages that were taken meanwhile', `Promise.all(Array.from({ length: 600 }, () => notifier.ping()))`],
  ])('sees %s', async (_, call) => {
    using folder = temporaryFolder()
    using socket = NotifySocket.open({ path: folder.join('notify') })
    await using service = startService(
      `
      import { writeSync } from 'node:fs'
      import { Notifier } from '@shellflip/sd-notify'
      const notifier = new Notifier(process.env.NOTIFY_SOCKET, { sendTimeoutMs: ${timeoutMs} })
      const outcome = ${call}
      setImmediate(() => {
        writeSync(1, 'asked\\n')
        process.kill(process.pid, 'SIGSTOP')
      })
      console.log(JSON.stringify([...new Set([await outcome].flat().map(({ type }) => type))]))
      await notifier.stopping()
      `,
      { env: { NOTIFY_SOCKET: socket.path } },
    )
    await service.printed(/asked/)
    await waitFor(() => processState(service.pid) === 'T')
    const over = performance.now() + 2.5 * timeoutMs
    const received = receiveAll(socket)
    await waitFor(() => performance.now() > over)
    service.kill('SIGCONT')
    await service.printed(/^\["sent"\]$/m)
    await received
  })
})
