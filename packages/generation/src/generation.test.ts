import { dup } from '@shellflip/fd-passing'
import { afterAll, describe, expect, test } from 'vitest'
import type { GenerationEvent } from './events.ts'
import { Generation, type GenerationOptions } from './generation.ts'
import { type FakeProcess, FakeSystem } from './testing.ts'

const options = {
  id: 1,
  launch: { file: 'serve', args: [], env: { PATH: '/bin' }, listen: [] },
  notifySocket: '/run/1.sock',
  readyTimeoutMs: 10_000,
  drainTimeoutMs: 60_000,
  stopSignal: 'SIGTERM' as const,
}

function start(more: Partial<GenerationOptions> = {}, system = new FakeSystem()) {
  const events: GenerationEvent[] = []
  const generation = new Generation({ ...options, ...more, onEvent: (event) => events.push(event) }, system)
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

describe('a generation is a process group', () => {
  function startWrapped(options: Partial<GenerationOptions> = {}) {
    const world = start(options)
    const server = world.system.fork(world.process)
    world.system.notify(world.process.pid, { ready: true }, server.pid)
    return { ...world, wrapper: world.process, server }
  }

  test('all of it gets the stop signal once, and the time to drain, when its leader dies at once', () => {
    const { generation, system, wrapper, server, signals, events, types } = startWrapped()
    generation.stop()
    expect(signals(wrapper)).toEqual(['SIGTERM'])
    system.exit(wrapper.pid, { code: null, signal: 'SIGTERM' })
    system.advance(59_000)
    expect(generation.state).toBe('draining')
    expect(signals(server)).toEqual(['SIGTERM'])
    system.exit(server.pid, { code: 0, signal: null })
    system.advance(100)
    expect(generation.state).toBe('exited')
    expect(types()).toEqual(['started', 'ready', 'signalled', 'exited'])
    expect(events.at(-1)).toEqual({ type: 'exited', exit: { code: null, signal: 'SIGTERM' } })
    expect(system.timers).toBe(0)
  })

  test('what outlives the drain timeout is killed', () => {
    const { generation, system, wrapper, server, signals, events } = startWrapped()
    generation.stop()
    system.exit(wrapper.pid, { code: 0, signal: null })
    system.advance(60_000)
    expect(events).toContainEqual({ type: 'killed', reason: 'overdue' })
    system.advance(200)
    expect(generation.state).toBe('exited')
    expect(signals(server).slice(0, 2)).toEqual(['SIGTERM', 'SIGKILL'])
  })

  test('what its leader left behind when it ended unasked gets the stop signal and 5 s', () => {
    const { generation, system, wrapper, server, signals, events } = startWrapped()
    system.exit(wrapper.pid, { code: 3, signal: null })
    expect(generation.state).toBe('failed')
    const failure = { type: 'exited', beforeReady: false, code: 3, signal: null }
    expect(events).toContainEqual(expect.objectContaining({ type: 'failed', failure }))
    expect(events).toContainEqual({ type: 'signalled', signal: 'SIGTERM', killAfterMs: 5_000 })
    system.advance(4_999)
    expect(signals(server)).toEqual(['SIGTERM'])
    system.advance(200)
    expect(signals(server)).toContain('SIGKILL')
    expect(generation.state).toBe('exited')
  })

  test('a process that is being killed gets no stop signal any more', () => {
    const { generation, system, wrapper, server, types } = startWrapped()
    generation.kill()
    system.exit(wrapper.pid, { code: null, signal: 'SIGKILL' })
    expect(server.signals).not.toContain('SIGTERM')
    system.advance(200)
    expect(generation.state).toBe('exited')
    expect(types()).toEqual(['started', 'ready', 'killed', 'exited'])
  })
})

describe('a process of another user', () => {
  test('cannot be signalled: that is reported once for each signal, and it is given up after SIGKILL', () => {
    const { generation, system, process, events, types } = start()
    system.notify(process.pid, { ready: true })
    system.foreign.add(process.pid)
    generation.stop()
    const { pid } = process
    expect(events).toContainEqual({ type: 'signal-refused', pid, signal: 'SIGTERM' })
    system.advance(60_000)
    expect(events).toContainEqual({ type: 'signal-refused', pid, signal: 'SIGKILL' })
    expect(events.at(-1)).toEqual({ type: 'given-up', pid })
    expect(process.released).toBe(true)
    expect(types().filter((type) => type === 'signal-refused')).toHaveLength(2)
    expect(generation.state).toBe('exited')
    expect(system.timers).toBe(0)
    expect(system.inboxes.size).toBe(0)
  })

  test('is given up as well when our own processes of the group have ended', () => {
    const { generation, system, process, events } = start()
    const root = system.fork(process)
    system.foreign.add(root.pid)
    generation.kill()
    system.advance(200)
    expect(events.at(-1)).toEqual({ type: 'given-up', pid: root.pid })
  })

  test('that ends by itself in time is not', () => {
    const { generation, system, process, types } = start()
    system.notify(process.pid, { ready: true })
    system.foreign.add(process.pid)
    generation.stop()
    system.exit(process.pid, { code: 0, signal: null })
    expect(types().at(-1)).toBe('exited')
  })
})

test('a process that SIGKILL does not end within 10 s is given up', () => {
  const { generation, system, process, events } = start()
  system.signal = () => 'sent'
  generation.kill()
  system.advance(9_999)
  expect(generation.state).toBe('failed')
  system.advance(1)
  expect(events.at(-1)).toEqual({ type: 'given-up', pid: process.pid })
})

describe('what is in the queue after a pause is read before a timeout is judged', () => {
  test('READY', () => {
    const { generation, system, process } = start()
    system.queueing = true
    system.notify(process.pid, { ready: true })
    system.advance(10_000)
    expect(generation.state).toBe('ready')
  })

  test('WATCHDOG', () => {
    const { generation, system, process } = start({ watchdogMs: 1_000 })
    system.notify(process.pid, { ready: true })
    system.queueing = true
    system.notify(process.pid, { watchdog: 'ping' })
    system.advance(1_999)
    expect(generation.state).toBe('ready')
    system.advance(1)
    expect(generation.state).toBe('exited')
  })

  test('EXTEND_TIMEOUT_USEC', () => {
    const { generation, system, process } = start()
    system.queueing = true
    system.notify(process.pid, { extendTimeoutUsec: 5_000_000 })
    system.advance(14_999)
    expect(generation.state).toBe('starting')
    system.advance(1)
    expect(generation.state).toBe('failed')
  })
})

describe('the sockets that were passed', () => {
  const wrapped = { readyPid: 7, listenPid: 6, listenCommand: 'npm', listenerPid: 7, address: '[::]:80' }
  const fd = dup(0)
  const listen = [{ name: 'http', fd }]
  afterAll(() => fd.close())
  const launch = { file: 'serve', args: [], env: {}, listen }

  test('were not taken: a report of ready by another process than LISTEN_PID names is a failure', () => {
    const { generation, system, process, events, signals } = start({ launch })
    system.notTaken = wrapped
    system.notify(process.pid, { ready: true }, 7)
    expect(generation.state).toBe('starting')
    system.advance(100)
    expect(generation.state).toBe('failed')
    const failure = { type: 'sockets-not-taken', ...wrapped }
    expect(events).toContainEqual(expect.objectContaining({ type: 'failed', failure }))
    expect(signals(process)).toEqual(['SIGTERM'])
  })

  test('are taken a moment after the report', () => {
    const { generation, system, process } = start({ launch })
    system.notTaken = wrapped
    system.notify(process.pid, { ready: true }, 7)
    system.notTaken = undefined
    system.advance(100)
    expect(generation.state).toBe('ready')
  })

  test('are not looked for when none were passed', () => {
    const unpassed = start()
    unpassed.system.notTaken = wrapped
    unpassed.system.notify(unpassed.process.pid, { ready: true }, 7)
    expect(unpassed.generation.state).toBe('ready')
  })
})

test('what it reports for the manager is an event, and the rest is not', () => {
  const { system, process, events } = start()
  system.notify(process.pid, { ready: true, errno: 2, restartReset: true, unknown: { FUTURE: '1' } })
  expect(events.at(-1)).toEqual({
    type: 'report',
    report: { errno: 2, restartReset: true, unknown: { FUTURE: '1' } },
  })
  system.notify(process.pid, { watchdog: 'ping' })
  expect(events.filter(({ type }) => type === 'report')).toHaveLength(1)
})

test('a launch that cannot be made is a failure to start', async () => {
  const launch = () => {
    throw new Error('no template')
  }
  const events: GenerationEvent[] = []
  const options = { id: 1, notifySocket: '/run/1.sock', readyTimeoutMs: 1, drainTimeoutMs: 1 }
  const onEvent = (event: GenerationEvent) => events.push(event)
  new Generation({ ...options, stopSignal: 'SIGTERM', launch, onEvent }, new FakeSystem()).start()
  await settled()
  expect(events[0]).toMatchObject({ failure: { type: 'cannot-start', message: 'no template' } })
  expect(events[1]).toMatchObject({ type: 'exited' })
})

test.each([
  [null, 'null'],
  ['no template', 'no template'],
  [{ code: 5 }, 'an object'],
])('a launch that throws %j is a failure to start as well', async (thrown, message) => {
  const launch = () => {
    throw thrown
  }
  const { events } = start({ launch })
  await settled()
  expect(events[0]).toMatchObject({ failure: { type: 'cannot-start', message } })
})

test('start() twice starts one process', () => {
  const { generation, system, types } = start()
  generation.start()
  expect(system.processes).toHaveLength(1)
  expect(types()).toEqual(['started'])
})

test.each(['stop', 'kill'] as const)('%s() before start() ends it, and start() starts nothing', (end) => {
  const system = new FakeSystem()
  const events: GenerationEvent[] = []
  const generation: Generation = new Generation(
    { ...options, onEvent: (event) => events.push(event) },
    system,
  )
  generation[end]()
  generation[end]()
  generation.start()
  expect(system.processes).toEqual([])
  expect(events.map(({ type }) => type)).toEqual(['failed', 'exited'])
  expect(events[0]).toMatchObject({ failure: { type: 'stopped' } })
})

test('an exited generation does not start again', async () => {
  const { generation, system, process } = start()
  system.exit(process.pid, { code: 0, signal: null })
  await settled()
  generation.start()
  expect(system.processes).toHaveLength(1)
})

test('a listener that throws is an uncaught exception, and the generation is ended all the same', async () => {
  const uncaught: unknown[] = []
  const listeners = process.listeners('uncaughtException')
  process.removeAllListeners('uncaughtException')
  process.on('uncaughtException', (error) => uncaught.push(error))
  const events: string[] = []
  const system = new FakeSystem()
  const onEvent = ({ type }: GenerationEvent) => {
    events.push(type)
    throw new Error(type)
  }
  new Generation({ ...options, onEvent }, system).start()
  const [started] = system.processes
  system.advance(options.readyTimeoutMs)
  expect(started?.signals).toEqual(['SIGTERM', 'SIGCONT'])
  system.exit(started?.pid as number, { code: 0, signal: null })
  await settled()
  process.removeAllListeners('uncaughtException')
  for (const listener of listeners) process.on('uncaughtException', listener)
  expect(events).toEqual(['started', 'failed', 'signalled', 'exited'])
  expect(uncaught.map((error) => (error as Error).message)).toEqual(events)
})

test('thousands of malformed messages are reported once', () => {
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

  test('ends with the drain', () => {
    const { generation, system, process, types } = start({ watchdogMs: 1000 })
    system.notify(process.pid, { ready: true })
    generation.stop()
    system.notify(process.pid, { watchdog: 'ping' })
    system.advance(59_000)
    expect(generation.state).toBe('draining')
    expect(types()).not.toContain('killed')
    system.notify(process.pid, { watchdog: 'trigger' })
    expect(types()).toContain('killed')
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

  test('MAINPID that was sent just before the spawned process exits takes effect in time', async () => {
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
      const started = start({ drainTimeoutMs: 20_000 })
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

  test('in another group is signalled alone while the client lives, and with the rest when it does not', () => {
    const { generation, system, process } = start()
    const helper = system.fork(process)
    const observer = { onExit: () => {}, onError: () => {} }
    const main = system.spawn({ file: 'monitor', args: [], env: {}, listen: [] }, observer)?.pid as number
    system.notify(process.pid, { mainPid: main, ready: true })
    const monitor = system.processes[2] as FakeProcess
    generation.stop()
    expect(monitor.signals).toEqual(['SIGTERM', 'SIGCONT'])
    expect(process.signals).toEqual([])
    expect(helper.signals).toEqual([])

    const daemon = start()
    const worker = daemon.system.fork(daemon.process)
    const pid = daemon.system.spawn({ file: 'main', args: [], env: {}, listen: [] }, observer)?.pid as number
    daemon.system.notify(daemon.process.pid, { mainPid: pid, ready: true })
    daemon.system.exit(daemon.process.pid, { code: 0, signal: null })
    daemon.generation.stop()
    expect(daemon.system.processes[2]?.signals).toEqual(['SIGTERM', 'SIGCONT'])
    expect(worker.signals).toEqual(['SIGTERM', 'SIGCONT'])
  })

  describe('that comes when the generation already has its stop signal', () => {
    function nameAnother() {
      const started = start()
      const observer = { onExit: () => {}, onError: () => {} }
      started.system.notify(started.process.pid, { ready: true })
      started.system.spawn({ file: 'main', args: [], env: {}, listen: [] }, observer)
      const named = started.system.processes[1] as FakeProcess
      const name = () => started.system.notify(started.process.pid, { mainPid: named.pid })
      return { ...started, named, name }
    }

    test('names a process that gets the stop signal too', () => {
      const { generation, process, named, name } = nameAnother()
      generation.stop()
      name()
      expect(named.signals).toEqual(['SIGTERM', 'SIGCONT'])
      expect(process.signals).toEqual(['SIGTERM', 'SIGCONT'])
    })

    test('is read at the exit of a process whose group cannot be ended, and leaves nothing', () => {
      const { generation, system, process, types } = start()
      system.foreign.add(system.fork(process).pid)
      system.queueing = true
      system.notify(process.pid, { mainPid: 4242 })
      generation.kill()
      system.advance(0)
      expect(types().slice(-2)).toEqual(['signal-refused', 'given-up'])
      expect(system.timers).toBe(0)
    })

    test('names a process that is killed too', () => {
      const { generation, named, name } = nameAnother()
      generation.kill()
      name()
      expect(named.signals).toEqual(['SIGKILL'])
    })
  })

  test('that the system cannot watch is refused', () => {
    const { generation, system, process, types } = start()
    system.watchPid = () => {
      throw new Error('pidfd_open failed: EINVAL')
    }
    system.notify(process.pid, { mainPid: 4242 })
    expect(types()).toContain('main-pid-refused')
    expect(generation.pid).toBe(process.pid)
  })

  test.each([1, 0, process.pid, process.ppid])('%d is refused', (pid) => {
    const { generation, system, process, types } = start()
    system.notify(process.pid, { mainPid: pid })
    expect(generation.pid).toBe(process.pid)
    expect(types()).toContain('main-pid-refused')
  })
})

test('variables that a manager set for the supervisor do not reach the generation', () => {
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
