import { describe, expect, test } from 'vitest'
import type { GenerationEvent } from './events.ts'
import { Generation, type GenerationOptions } from './generation.ts'
import { type FakeProcess, FakeSystem } from './testing.ts'

function start(options: Partial<GenerationOptions> = {}, system = new FakeSystem()) {
  const events: GenerationEvent[] = []
  const generation = new Generation(
    {
      id: 1,
      launch: { file: 'serve', args: [], env: { PATH: '/bin' }, listen: [] },
      notifySocket: '/run/1.sock',
      readyTimeoutMs: 10_000,
      shutdownTimeoutMs: 60_000,
      stopSignal: 'SIGTERM',
      ...options,
      onEvent: (event) => events.push(event),
    },
    system,
  )
  generation.start()
  // SIGCONT is left out: it follows each stop signal.
  const signals = (process: FakeProcess) => process.signals.filter((signal) => signal !== 'SIGCONT')
  const types = () => events.map(({ type }) => type)
  return { generation, system, events, types, signals, process: system.processes[0] as FakeProcess }
}

const settled = () => new Promise((resolve) => setImmediate(resolve))

test('from spawn to exit: starting, ready, draining, exited, and nothing is left', async () => {
  const { generation, system, events, types, process } = start()
  expect(generation.state).toBe('starting')
  system.advance(400)
  system.notify(process.pid, { ready: true, status: 'Serving' })
  expect(generation.state).toBe('ready')
  expect(generation.status).toBe('Serving')
  generation.stop()
  expect(generation.state).toBe('draining')
  expect(process.signals).toEqual(['SIGTERM', 'SIGCONT'])
  system.exit(process.pid, { code: 0, signal: null })
  await settled()
  expect(generation.state).toBe('exited')
  expect(types()).toEqual(['started', 'status', 'ready', 'signalled', 'exited'])
  expect(events).toContainEqual({ type: 'ready', pid: process.pid, elapsedMs: 400 })
  expect(system.timers).toBe(0)
  expect(system.inboxes.size).toBe(0)
})

describe('a generation that does not become ready has failed', () => {
  test('it exits, even with 0', async () => {
    const { system, events, process } = start()
    system.notify(process.pid, { errno: 98 })
    system.exit(process.pid, { code: 0, signal: null })
    await settled()
    expect(events).toContainEqual(
      expect.objectContaining({
        type: 'failed',
        failure: { type: 'exited', beforeReady: true, code: 0, signal: null, errno: 98 },
      }),
    )
    expect(system.timers).toBe(0)
  })

  test('it is late: signalled, then killed, and a READY that comes then changes nothing', async () => {
    const { generation, system, types, process } = start()
    system.advance(10_000)
    expect(generation.state).toBe('failed')
    system.notify(process.pid, { ready: true })
    expect(generation.state).toBe('failed')
    system.advance(60_000)
    await settled()
    expect(process.signals).toEqual(['SIGTERM', 'SIGCONT', 'SIGKILL'])
    expect(types()).toEqual(['started', 'failed', 'signalled', 'killed', 'exited'])
  })

  test('it cannot be spawned', async () => {
    const system = new FakeSystem()
    system.nextSpawnError = 'EMFILE'
    const { events } = start({}, system)
    await settled()
    expect(events.map(({ type }) => type)).toEqual(['failed', 'exited'])
    expect(events[0]).toMatchObject({ failure: { type: 'cannot-start', code: 'EMFILE' } })
    expect(system.timers).toBe(0)
    expect(system.inboxes.size).toBe(0)
  })
})

test('a READY that is read when its process is gone already comes too late', () => {
  const { generation, system, process, types } = start()
  system.queueing = true
  system.notify(process.pid, { ready: true })
  system.exit(process.pid, { code: 3, signal: null })
  expect(generation.state).toBe('exited')
  expect(types()).toEqual(['started', 'failed', 'exited'])
})

test('nonsense by the thousand is told of once', () => {
  const { system, process, types } = start()
  for (let n = 0; n < 1000; n++) system.notify(process.pid, { mainPid: 1 })
  expect(types()).toEqual(['started', 'main-pid-refused'])
})

test('EXTEND_TIMEOUT_USEC puts off the ready timeout, and never brings it forward', () => {
  const { generation, system, process, events } = start()
  system.notify(process.pid, { extendTimeoutUsec: 1_000_000 })
  system.advance(9_000)
  system.notify(process.pid, { extendTimeoutUsec: 5_000_000 })
  system.advance(4_999)
  expect(generation.state).toBe('starting')
  system.advance(1)
  expect(generation.state).toBe('failed')
  expect(events).toContainEqual(
    expect.objectContaining({ type: 'failed', failure: { type: 'not-ready', timeoutMs: 14_000 } }),
  )
})

describe('the watchdog', () => {
  test('begins with readiness, and one that is not petted is killed', async () => {
    const { generation, system, process, events } = start({ watchdogMs: 1000 })
    expect(process.launch.env.WATCHDOG_USEC).toBe('1000000')
    system.advance(5000)
    system.notify(process.pid, { ready: true })
    system.advance(999)
    system.notify(process.pid, { watchdog: 'ping' })
    system.advance(999)
    expect(generation.state).toBe('ready')
    system.advance(2)
    await settled()
    expect(generation.state).toBe('exited')
    expect(events).toContainEqual(
      expect.objectContaining({ type: 'failed', failure: { type: 'hung', timeoutMs: 1000 } }),
    )
    expect(events).toContainEqual({ type: 'killed', reason: 'hung' })
  })

  test('can be set, triggered and switched off by the generation', () => {
    const { generation, system, process } = start()
    system.notify(process.pid, { ready: true, watchdogUsec: 500_000 })
    system.notify(process.pid, { watchdogUsec: 0 })
    system.advance(10_000)
    expect(generation.state).toBe('ready')
    system.notify(process.pid, { watchdog: 'trigger' })
    expect(generation.state).toBe('failed')
  })
})

describe('MAINPID', () => {
  test('is the process to signal and to watch from then on', async () => {
    const { generation, system, process } = start()
    system.notify(process.pid, { mainPid: 4242, ready: true })
    system.exit(process.pid, { code: 0, signal: null })
    await settled()
    expect(generation.pid).toBe(4242)
    expect(generation.state).toBe('ready')
    system.exit(4242, { code: null, signal: null })
    await settled()
    expect(generation.state).toBe('exited')
  })

  test('told just before the spawned process exits, it is heard in time', async () => {
    const { generation, system, process } = start()
    system.queueing = true
    system.notify(process.pid, { mainPid: 4242 })
    system.exit(process.pid, { code: 0, signal: null })
    await settled()
    expect(generation.state).toBe('starting')
  })

  test.each([
    [
      'ready',
      { mainPid: 4242, ready: true },
      { type: 'exited', beforeReady: false, code: null, signal: null },
    ],
    ['starting', { mainPid: 4242 }, { type: 'exited', beforeReady: true, code: null, signal: null }],
  ] as const)(
    'that is gone while %s, and the spawned process stays, ends the generation',
    (_, message, failure) => {
      const { generation, system, process, events, signals } = start()
      system.notify(process.pid, message)
      system.exit(4242, { code: null, signal: null })
      system.advance(2_000)
      expect(generation.state).toBe('failed')
      expect(events).toContainEqual(expect.objectContaining({ type: 'failed', failure }))
      expect(signals(process)).toEqual(['SIGTERM'])
    },
  )

  test('that is gone while draining leaves the spawned process, which is signalled then', () => {
    const { generation, system, process, signals } = start()
    system.notify(process.pid, { mainPid: 4242, ready: true })
    generation.stop()
    expect(process.signals).toEqual([])
    system.exit(4242, { code: null, signal: null })
    system.advance(2_000)
    expect(signals(process)).toEqual(['SIGTERM'])
  })

  test('that is gone just before its client is judged by the exit status of that', async () => {
    const { system, process, events } = start()
    system.notify(process.pid, { mainPid: 4242, ready: true })
    system.exit(4242, { code: null, signal: null })
    system.advance(100)
    system.exit(process.pid, { code: 7, signal: null })
    await settled()
    expect(events).toContainEqual(
      expect.objectContaining({
        type: 'failed',
        failure: { type: 'exited', beforeReady: false, code: 7, signal: null },
      }),
    )
    expect(system.timers).toBe(0)
  })

  test('whose first process is long gone: a stranger that got its pid is not signalled', async () => {
    const { generation, system, process } = start()
    system.notify(process.pid, { mainPid: 4242, ready: true })
    system.exit(process.pid, { code: 0, signal: null })
    const stranger: FakeProcess = { ...process, alive: true, signals: [] }
    system.processes.push(stranger)
    generation.kill()
    system.exit(4242, { code: null, signal: null })
    await settled()
    expect(generation.state).toBe('exited')
    expect(stranger.signals).toEqual([])
  })

  describe("of a container's monitor, when the generation is killed", () => {
    const monitor = 4242

    function killMonitored() {
      const started = start({ shutdownTimeoutMs: 20_000 })
      const { generation, system, process: client } = started
      const observer = { onExit: () => {}, onError: () => {} }
      system.spawn({ file: 'init', args: [], env: {}, listen: [] }, observer)
      const container = system.processes[1] as FakeProcess
      system.children.set(monitor, [container.pid])
      const kills: number[] = []
      system.signal = (pid, signal) => {
        if (signal === 'SIGKILL') kills.push(pid)
        return 'sent'
      }
      system.notify(client.pid, { mainPid: monitor, ready: true })
      generation.stop()
      system.advance(20_000)
      return { ...started, client, container, kills }
    }

    test('the container is, and its monitor and client end by themselves', async () => {
      const { generation, system, events, client, container, kills } = killMonitored()
      expect(kills).toEqual([container.pid])
      system.exit(monitor, { code: null, signal: null })
      system.exit(client.pid, { code: 137, signal: null })
      await settled()
      expect(generation.state).toBe('exited')
      expect(events.at(-1)).toEqual({ type: 'exited', exit: { code: 137, signal: null } })
      expect(kills).toEqual([container.pid])
      expect(system.timers).toBe(0)
    })

    test('its monitor and client are killed too if they do not follow', () => {
      const { system, client, container, kills } = killMonitored()
      system.advance(2_000)
      expect(kills).toEqual([container.pid, monitor, -client.pid])
    })
  })

  test.each([1, 0, process.pid])('%d is refused', (pid) => {
    const { generation, system, process, types } = start()
    system.notify(process.pid, { mainPid: pid })
    expect(generation.pid).toBe(process.pid)
    expect(types()).toContain('main-pid-refused')
  })
})

test('what a manager told the supervisor does not reach the generation', () => {
  const manager = {
    NOTIFY_SOCKET: '/run/systemd/notify',
    WATCHDOG_USEC: '1',
    WATCHDOG_PID: '1',
    LISTEN_PID: '1',
    LISTEN_FDS: '1',
    LISTEN_FDNAMES: 'x',
    FDSTORE: '1',
  }
  const { process } = start({
    launch: { file: 'serve', args: [], env: { HOME: '/root', ...manager }, listen: [] },
  })
  expect(process.launch.env).toEqual({ HOME: '/root', NOTIFY_SOCKET: '/run/1.sock' })
})
