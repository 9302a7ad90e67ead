import { listenTcp } from '@shellflip/fd-passing'
import { FakeSystem } from '@shellflip/generation/testing'
import type { NotifyMessage, NotifyOutcome } from '@shellflip/sd-notify'
import { expect, test } from 'vitest'
import type { SupervisorEvent } from './events.ts'
import type { SupervisorOptions } from './options.ts'
import { RollingSupervisor } from './rolling-supervisor.ts'

const settled = () => new Promise((resolve) => setImmediate(resolve))

/** The messages that the manager above receives, in order. */
class RecordingManager {
  readonly heard: NotifyMessage[] = []

  send(message: NotifyMessage): Promise<NotifyOutcome> {
    this.heard.push(message)
    return Promise.resolve({ type: 'sent' })
  }

  reloading(): Promise<NotifyOutcome> {
    return this.send({ reloading: true })
  }
}

function supervise(options: Partial<SupervisorOptions> = {}) {
  const system = new FakeSystem()
  const manager = new RecordingManager()
  const events: SupervisorEvent[] = []
  const supervisor = new RollingSupervisor(
    { command: () => ({ file: 'serve', args: [], env: {} }), notifyDirectory: '/run', manager, ...options },
    system,
  )
  supervisor.onEvent((event) => events.push(event))
  supervisor.start()
  const process = (id: number) => {
    const found = system.processes[id - 1]
    if (found === undefined) throw new Error(`no process of generation ${id}`)
    return found
  }
  const ready = (id: number) => system.notify(process(id).pid, { ready: true })
  const exit = async (id: number, code = 0) => {
    system.exit(process(id).pid, { code, signal: null })
    await settled()
  }
  return { supervisor, system, manager, events, process, ready, exit }
}

async function served(options: Partial<SupervisorOptions> = {}) {
  const world = supervise(options)
  world.ready(1)
  return world
}

test('a roll sends the stop signal after the next generation is ready', async () => {
  const { supervisor, system, manager, process, ready, exit } = await served()
  const roll = supervisor.roll()
  expect(supervisor.status().state).toBe('rolling')
  expect(process(1).signals).toEqual([])
  system.advance(300)
  ready(2)
  expect(process(1).signals).toEqual(['SIGTERM', 'SIGCONT'])
  expect(await roll).toEqual({ type: 'rolled', generation: 2, pid: process(2).pid, elapsedMs: 300 })
  await exit(1)
  expect(supervisor.status().generations.map(({ id, state }) => [id, state])).toEqual([[2, 'ready']])
  expect(manager.heard).toEqual([
    { ready: true, status: 'generation 1 ready' },
    { reloading: true },
    { status: 'generation 1 ready, generation 2 starting' },
    { ready: true, status: 'generation 2 ready, 1 draining' },
  ])
})

test.each([
  ['exits', (world: ReturnType<typeof supervise>) => world.exit(2, 3), 'exited with 3 before ready'],
  [
    'is late',
    async ({ system }: ReturnType<typeof supervise>) => system.advance(10_000),
    'not ready within 10s',
  ],
])('a roll whose candidate %s leaves the old one serving, and RELOADING is closed', async (_, fail, why) => {
  const world = await served()
  const roll = world.supervisor.roll()
  await fail(world)
  expect(await roll).toMatchObject({ type: 'failed', generation: 2 })
  expect(world.process(1).signals).toEqual([])
  expect(world.supervisor.status().state).toBe('serving')
  expect(world.manager.heard.at(-1)).toMatchObject({ ready: true, status: expect.stringContaining(why) })
  const next = world.supervisor.roll()
  world.ready(3)
  expect(await next).toMatchObject({ type: 'rolled', generation: 3 })
})

test('rolls that are requested during a roll are one more roll, and all callers get its outcome', async () => {
  const { supervisor, ready, system } = await served()
  const first = supervisor.roll()
  const second = supervisor.roll()
  const third = supervisor.roll()
  ready(2)
  expect(await first).toMatchObject({ generation: 2 })
  ready(3)
  expect(await second).toMatchObject({ generation: 3 })
  expect(await third).toMatchObject({ generation: 3 })
  expect(system.processes).toHaveLength(3)
})

test('a first start that fails ends it with the status of the generation, and never with 0', async () => {
  for (const [code, exitCode] of [
    [3, 3],
    [0, 1],
  ] as const) {
    const { supervisor, exit } = supervise()
    await exit(1, code)
    expect(await supervisor.done).toMatchObject({ type: 'ended', exitCode })
  }
})

test('the serving generation dies: restarted after the delay; the sixth time within a minute it is over', async () => {
  const { supervisor, system, ready, exit } = await served()
  for (const [index, delayMs] of [100, 200, 400, 800, 1600].entries()) {
    await exit(index + 1, 7)
    expect(supervisor.status().state).toBe('backing-off')
    system.advance(delayMs - 1)
    expect(system.living).toHaveLength(0)
    system.advance(1)
    ready(index + 2)
    expect(supervisor.status().state).toBe('serving')
  }
  await exit(6, 7)
  expect(await supervisor.done).toEqual({
    type: 'gave-up',
    reason: 'generation 6 exited with 7. Gave up restarting after more than 5 restarts within 60s',
  })
})

test('an exit with 0 under on-failure ends it with 0', async () => {
  const { supervisor, exit } = await served()
  await exit(1, 0)
  expect(await supervisor.done).toMatchObject({ type: 'ended', exitCode: 0 })
})

test('a restart that exits with 0 before it is ready is tried again', async () => {
  const { supervisor, system, ready, exit } = await served()
  await exit(1, 1)
  system.advance(100)
  await exit(2, 0)
  expect(supervisor.status().state).toBe('backing-off')
  system.advance(200)
  ready(3)
  expect(supervisor.status().state).toBe('serving')
})

test('a roll while it backs off starts at once', async () => {
  const { supervisor, system, ready, exit } = await served()
  await exit(1, 1)
  const roll = supervisor.roll()
  ready(2)
  expect(await roll).toMatchObject({ type: 'rolled', generation: 2 })
  system.advance(60_000)
  expect(system.living).toHaveLength(1)
})

test('the serving generation dies during a roll: the candidate takes its place', async () => {
  const { supervisor, system, ready, exit } = await served()
  const roll = supervisor.roll()
  await exit(1, 1)
  ready(2)
  expect(await roll).toMatchObject({ type: 'rolled' })
  expect(system.living).toHaveLength(1)
})

test('stop during a roll acts at once, and nothing is started after it', async () => {
  const { supervisor, system, process, exit } = await served()
  const roll = supervisor.roll()
  const queued = supervisor.roll()
  void supervisor.stop()
  expect(process(1).signals).toEqual(['SIGTERM', 'SIGCONT'])
  expect(process(2).signals).toEqual(['SIGTERM', 'SIGCONT'])
  expect(await roll).toMatchObject({ type: 'failed', failure: { type: 'stopped' } })
  expect(await queued).toEqual({ type: 'refused', reason: 'stopping' })
  expect(await supervisor.roll()).toEqual({ type: 'refused', reason: 'stopping' })
  await exit(1)
  await exit(2)
  expect(await supervisor.done).toEqual({ type: 'stopped' })
  expect(system.processes).toHaveLength(2)
  expect(system.timers).toBe(0)
})

test('a second stop kills', async () => {
  const { supervisor, system, process } = await served()
  void supervisor.stop()
  void supervisor.stop()
  expect(process(1).signals).toContain('SIGKILL')
  system.advance(0)
  expect(await supervisor.done).toEqual({ type: 'stopped' })
})

test('stop() resolves with the end', async () => {
  const { supervisor, exit } = await served()
  const stopping = supervisor.stop()
  await exit(1)
  expect(await stopping).toEqual({ type: 'stopped' })
  expect(await stopping).toBe(await supervisor.done)
})

test('the end of its scope stops, and does not kill what a stop has begun to end', async () => {
  const { supervisor, process, exit } = await served()
  const disposals = [supervisor[Symbol.asyncDispose](), supervisor[Symbol.asyncDispose]()]
  expect(process(1).signals).toEqual(['SIGTERM', 'SIGCONT'])
  await exit(1)
  await Promise.all(disposals)
  expect(process(1).signals).not.toContain('SIGKILL')
})

test('events() yields what the listeners get, up to the end', async () => {
  const { supervisor, events, exit } = await served()
  const before = events.length
  const yielded: SupervisorEvent[] = []
  const reading = (async () => {
    for await (const event of supervisor.events()) yielded.push(event)
  })()
  void supervisor.stop()
  await exit(1)
  await reading
  expect(yielded).toEqual(events.slice(before))
  expect(yielded.at(-1)).toEqual({ type: 'ended', exit: { type: 'stopped' } })
})

test('a listener that rejects is an event', async () => {
  const { supervisor, events } = await served()
  using _ = supervisor.onEvent(async () => {
    throw 'no'
  })
  void supervisor.roll()
  await settled()
  expect(events).toContainEqual({ type: 'listener-failed', event: 'roll-started', error: 'no' })
})

test('of too many that drain, the oldest is killed', async () => {
  const { supervisor, process, ready, events } = await served({ maxDraining: 2 })
  for (const id of [2, 3, 4]) {
    void supervisor.roll()
    ready(id)
  }
  expect(process(1).signals).toContain('SIGKILL')
  expect(process(2).signals).toEqual(['SIGTERM', 'SIGCONT'])
  expect(events).toContainEqual({ type: 'draining-too-many', generation: 1, maxDraining: 2 })
})

test('the status line is of the current generation alone, and is sent at most every 100 ms', async () => {
  const { supervisor, system, manager, process, ready } = await served()
  void supervisor.roll()
  ready(2)
  system.advance(100)
  const before = manager.heard.length
  for (let n = 0; n < 1000; n++) {
    system.notify(process(1).pid, { status: `leaving ${n}` })
    system.notify(process(2).pid, { status: `serving ${n}` })
  }
  system.advance(100)
  expect(manager.heard.slice(before)).toEqual([{ status: 'generation 2 ready (serving 999), 1 draining' }])
})

test('a restart waits for what the lost generation left behind, and not for ever', async () => {
  const { supervisor, system, process, exit } = await served()
  const rest = system.fork(process(1))
  await exit(1, 3)
  system.advance(1_000)
  expect(supervisor.status()).toMatchObject({
    state: 'backing-off',
    generations: [{ id: 1, state: 'failed' }],
  })
  system.exit(rest.pid, { code: 0, signal: null })
  system.advance(100)
  expect(supervisor.status().state).toBe('starting')

  const stuck = await served()
  stuck.system.fork(stuck.process(1))
  await stuck.exit(1, 3)
  stuck.system.signal = () => 'sent'
  stuck.system.advance(10_099)
  expect(stuck.supervisor.status().state).toBe('backing-off')
  stuck.system.advance(1)
  expect(stuck.supervisor.status().state).toBe('starting')
})

test('a generation that cannot be ended ends it with 1 and a reason that names the pid', async () => {
  const { supervisor, system, events, process } = await served()
  const { pid } = process(1)
  system.foreign.add(pid)
  void supervisor.stop()
  system.advance(60_000)
  expect(await supervisor.done).toEqual({
    type: 'ended',
    exitCode: 1,
    reason: `generation 1 (pid ${pid}) cannot be killed. Kill it yourself`,
  })
  expect(events).toContainEqual({ type: 'generation-given-up', generation: 1, pid })
  expect(system.timers).toBe(0)
})

test('RESTART_RESET=1 forgets the restarts until then', async () => {
  const { supervisor, system, process, ready, exit } = await served()
  for (let id = 1; id <= 10; id++) {
    system.notify(process(id).pid, { restartReset: true })
    await exit(id, 7)
    system.advance(100)
    ready(id + 1)
    expect(supervisor.status().state).toBe('serving')
  }
})

test('what the current generation reports for the manager is passed on, at most every 100 ms', async () => {
  const { supervisor, system, manager, process, ready } = await served()
  const rolled = supervisor.roll()
  ready(2)
  await rolled
  system.advance(100)
  const before = manager.heard.length
  system.notify(process(1).pid, { errno: 1 })
  system.notify(process(2).pid, { errno: 2, busError: 'org.example.Failed', unknown: { A: '1' } })
  for (let n = 0; n < 100; n++) system.notify(process(2).pid, { unknown: { [`KEY${n}`]: '1' } })
  system.notify(process(2).pid, { errno: 3, restartReset: true })
  system.advance(100)
  const [message, ...more] = manager.heard.slice(before)
  expect(message).toMatchObject({ errno: 3, busError: 'org.example.Failed', restartReset: true })
  expect(Object.keys(message?.unknown ?? {})).toHaveLength(64)
  expect(more).toEqual([])
})

test('what a generation reports just before an end is passed on before the end', async () => {
  const stopped = await served()
  stopped.system.notify(stopped.process(1).pid, { errno: 5 })
  void stopped.supervisor.stop()
  stopped.system.notify(stopped.process(1).pid, { exitStatus: 3 })
  await stopped.exit(1, 3)
  await stopped.supervisor.done
  expect(stopped.manager.heard.slice(-3)).toEqual([
    { errno: 5 },
    { stopping: true, status: 'stopping' },
    { exitStatus: 3 },
  ])
  expect(stopped.system.timers).toBe(0)

  const failed = supervise()
  failed.system.notify(failed.process(1).pid, { errno: 98, status: 'port taken' })
  await failed.exit(1, 1)
  await failed.supervisor.done
  expect(failed.manager.heard).toEqual([{ errno: 98 }, { stopping: true, status: expect.any(String) }])
})

test('what a generation reports with its readiness is passed on before it', () => {
  const { system, manager, process } = supervise()
  system.notify(process(1).pid, { unknown: { PORT: '80' } })
  system.notify(process(1).pid, { ready: true })
  expect(manager.heard).toEqual([{ unknown: { PORT: '80' } }, { ready: true, status: expect.any(String) }])
})

test.each([
  ['rejects', () => Promise.reject(new Error('no'))],
  [
    'throws',
    () => {
      throw new Error('no')
    },
  ],
])('a manager link that %s is an event, and the supervisor continues', async (_, send) => {
  const world = supervise({ manager: { send, reloading: send } })
  world.ready(1)
  await settled()
  expect(world.supervisor.status().state).toBe('serving')
  const error = { code: 'ERR_SEND_FAILED', message: 'no' }
  expect(world.events).toContainEqual(
    expect.objectContaining({ type: 'manager-unreachable', error: expect.objectContaining(error) }),
  )
})

test('the status names its sockets also after their owner closed them', async () => {
  const socket = listenTcp({ host: '127.0.0.1', port: 0 })
  const { supervisor, exit } = await served({ listen: [{ name: 'http', fd: socket }] })
  const { listeners } = supervisor.status()
  void supervisor.stop()
  await exit(1)
  socket.close()
  expect(listeners).toEqual([{ name: 'http', address: expect.stringMatching(/^tcp:\/\/127\.0\.0\.1:\d+$/) }])
  expect(supervisor.status()).toMatchObject({ state: 'stopped', listeners })
})

test('start() twice starts one generation', () => {
  const { supervisor, system } = supervise()
  supervisor.start()
  expect(system.processes).toHaveLength(1)
})

test('start() after stop() starts nothing', async () => {
  const system = new FakeSystem()
  const supervisor = new RollingSupervisor(
    { command: () => ({ file: 'serve', args: [], env: {} }), notifyDirectory: '/run' },
    system,
  )
  void supervisor.stop()
  supervisor.start()
  expect(await supervisor.done).toEqual({ type: 'stopped' })
  expect(system.processes).toEqual([])
})

test('a command that stops the supervisor starts nothing', async () => {
  const system = new FakeSystem()
  const supervisor: RollingSupervisor = new RollingSupervisor(
    {
      command: () => {
        void supervisor.stop()
        return { file: 'serve', args: [], env: {} }
      },
      notifyDirectory: '/run',
    },
    system,
  )
  supervisor.start()
  expect(await supervisor.done).toEqual({ type: 'stopped' })
  expect(system.processes).toEqual([])
})
