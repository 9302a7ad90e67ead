import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { connect } from 'node:net'
import { type Notification, NotifySocket } from '@shellflip/sd-notify'
import { isAlive, openFds, waitFor } from '@shellflip/testing'
import { describe, expect, test } from 'vitest'
import { FlipSandbox } from './testing/flip-sandbox.ts'

/**
 * A grandchild has nothing open but its standard streams and what this process, in which it has its origin, has too. What
 * it has inherited it keeps; what its loader and its locale have opened while it starts goes.
 */
async function expectInheritsNothing(grandchild: number): Promise<void> {
  const ours = openFds()
  const others = () =>
    [...openFds(grandchild)].filter(([number, target]) => number > 2 && ours.get(number) !== target)
  await waitFor(() => others().length === 0).catch(() => expect(others()).toEqual([]))
  for (const stream of [0, 1, 2]) expect([...openFds(grandchild).keys()]).toContain(stream)
}

/** Variables that are for one process alone. */
function foreignVariables(pid: number): string[] {
  const names = readFileSync(`/proc/${pid}/environ`, 'utf8')
    .split('\0')
    .map((variable) => variable.split('=')[0] as string)
  return names.filter((name) => /^(SHELLFLIP|OXY|LISTEN|NOTIFY|WATCHDOG)_/.test(name))
}

describe.runIf(process.platform === 'linux').concurrent('a grandchild', { timeout: 60_000 }, () => {
  test('inherits no descriptor of ours, neither from the first process nor from a successor', async () => {
    await using service = await FlipSandbox.serving({ state: {} })
    await expectInheritsNothing(await service.request('/grandchild'))
    await service.upgraded()
    await expectInheritsNothing(await service.request('/grandchild'))
  })

  test('inherits none from a successor that is not ready yet', async () => {
    await using service = await FlipSandbox.serving({ state: {} })
    service.plan({ at: { 'before-ready': 'fork 3' } })
    await service.notUpgraded()
    const { grandchild } = await service.event({ type: 'grandchild' })
    await expectInheritsNothing(grandchild)
  })

  test.each(['before-shellflip', 'before-ready'] as const)(
    'that lives on does not hide that the successor is dead: %s',
    async (point) => {
      await using service = await FlipSandbox.serving()
      const [pid] = service.pids() as [number]
      service.plan({ at: { [point]: 'fork 3' } })
      expect(await service.notUpgraded()).toMatch(/exited with 3/)
      const { grandchild } = await service.event({ type: 'grandchild' })
      expect(isAlive(grandchild)).toBe(true)
      await service.onlyLives(pid, grandchild)
      service.plan({ at: {} })
      expect(await service.upgraded()).not.toBe(pid)
    },
  )

  test('that lives on does not hide that the predecessor is gone', async () => {
    await using service = await FlipSandbox.serving()
    const grandchild = await service.request('/grandchild')
    const successor = await service.upgraded()
    await service.event({ type: 'alone', pid: successor })
    await service.onlyLives(successor, grandchild)
  })
})

describe.runIf(process.platform === 'linux').concurrent('one process has', { timeout: 60_000 }, () => {
  test('a connection: its client sees the end at once, though a successor was started meanwhile', async () => {
    await using service = await FlipSandbox.serving({ at: { slow: 'stall' } })
    const client = connect(service.port, '127.0.0.1')
    client.write('GET /cut HTTP/1.1\r\nHost: service\r\n\r\n')
    await service.event({ type: 'at', point: 'slow' })
    service.plan({ at: { slow: 'stall', 'before-ready': 'stall' } })
    const asked = service.upgraded()
    await service.event({ type: 'at', point: 'before-ready' })
    service.plan({ at: { 'before-ready': 'stall' } })
    client.resume()
    await once(client, 'end', { signal: AbortSignal.timeout(20_000) })
    service.plan({ at: {} })
    await asked
  })

  test('the variables of a service manager are passed on to successors only', async () => {
    await using service = new FlipSandbox()
    using manager = NotifySocket.open({ path: service.path('notify.sock') })
    const heard = manager[Symbol.asyncIterator]()
    const first = await service.startServing({
      env: { NOTIFY_SOCKET: manager.path, WATCHDOG_USEC: '60000000', LISTEN_FDNAMES: 'of-another-process' },
    })
    expect(foreignVariables(await service.request('/grandchild'))).toEqual([])

    const asked = service.upgraded()
    const { sender, message } = await untilMainPid(heard)
    const { successor } = await service.event({ type: 'successor-started' })
    expect(sender).toMatchObject({ pid: first })
    expect(message).toMatchObject({ ready: true, mainPid: successor })
    // The manager asks for no more, so it has not understood this yet: the old main process stays.
    await service.event({ type: 'serving', pid: successor })
    for (let count = 0; count < 20; count++) await service.request()
    expect(isAlive(first)).toBe(true)
    const asksOn = untilMainPid(heard).catch(() => 'closed')
    await asked
    expect(await service.exitOf(first)).toEqual({ code: 0, signal: null })

    expect(foreignVariables(await service.request('/grandchild'))).toEqual([])
    manager.close()
    expect(await asksOn).toBe('closed')
  })
})

/** Receives until the service manager is told of another main process. */
async function untilMainPid(heard: AsyncIterator<Notification, void>): Promise<Notification> {
  for (;;) {
    const { value } = await heard.next()
    if (value === undefined) throw new Error('the notify socket is closed')
    if (value.message.mainPid !== undefined) return value
  }
}
