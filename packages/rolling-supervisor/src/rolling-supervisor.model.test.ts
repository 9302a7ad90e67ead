import { FakeSystem } from '@shellflip/generation/testing'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { RollOutcome } from './roll.ts'
import { RollingSupervisor } from './rolling-supervisor.ts'

const settled = () => new Promise((resolve) => setImmediate(resolve))

/** Models what a supervisor shows from outside, while events happen in any order. */
class World {
  readonly system = new FakeSystem()
  readonly told: ('READY' | 'RELOADING' | 'STOPPING')[] = []
  readonly rolls: Promise<RollOutcome>[] = []
  stopAsked = false
  ended = false
  spawnedAfterStop = 0
  readonly supervisor: RollingSupervisor

  constructor() {
    const manager = {
      send: (message: { ready?: true; stopping?: true }) => {
        if (message.ready) this.told.push('READY')
        if (message.stopping) this.told.push('STOPPING')
        return Promise.resolve({ type: 'sent' } as const)
      },
      reloading: () => {
        this.told.push('RELOADING')
        return Promise.resolve({ type: 'sent' } as const)
      },
    }
    this.supervisor = new RollingSupervisor(
      {
        command: () => {
          if (this.stopAsked) this.spawnedAfterStop++
          return { file: 'serve', args: [], env: {} }
        },
        notifyDirectory: '/run',
        manager,
      },
      this.system,
    )
    this.supervisor.onEvent((event) => {
      if (event.type === 'generation-signalled') this.#mayEnd(event.generation)
    })
    void this.supervisor.done.then(() => {
      this.ended = true
    })
    this.supervisor.start()
  }

  /** A generation that serves is asked to end only when another one serves, or all is to end. */
  #mayEnd(id: number): void {
    const { state, generations } = this.supervisor.status()
    const wasServing = generations.find((generation) => generation.id === id)?.state === 'draining'
    if (!wasServing || state === 'stopping') return
    expect(generations.some((generation) => generation.state === 'ready')).toBe(true)
  }

  check(): void {
    const { state, generations } = this.supervisor.status()
    const starting = generations.filter((generation) => generation.state === 'starting')
    const ready = generations.filter((generation) => generation.state === 'ready')
    expect(starting.length, 'never two rolls at once').toBeLessThanOrEqual(1)
    expect(ready.length, 'one generation serves').toBeLessThanOrEqual(1)
    expect(this.spawnedAfterStop, 'nothing starts after stop').toBe(0)
    if (state === 'serving') expect(ready).toHaveLength(1)
    if (state === 'serving' || state === 'backing-off') {
      expect(this.told.lastIndexOf('RELOADING'), 'RELOADING is closed').toBeLessThanOrEqual(
        this.told.lastIndexOf('READY'),
      )
    }
    if (this.ended) {
      const ours = this.system.living.filter(({ pid }) => !this.system.foreign.has(pid))
      expect(ours, 'every child is reaped').toHaveLength(0)
      expect(this.system.timers, 'no timer is left').toBe(0)
      expect(this.system.inboxes.size, 'no notify socket is left').toBe(0)
    }
  }

  /** Any living process, chosen by a number. */
  pick(choice: number): number | undefined {
    const { living } = this.system
    return living[choice % Math.max(1, living.length)]?.pid
  }
}

type Model = Record<string, never>
type Step = fc.AsyncCommand<Model, World>

function step(name: string, run: (world: World) => void): Step {
  return {
    check: () => true,
    toString: () => name,
    async run(_, world) {
      run(world)
      await settled()
      world.check()
    },
  }
}

const choice = fc.nat(9)
const steps: fc.Arbitrary<Step>[] = [
  fc.constant(step('roll', (world) => void world.rolls.push(world.supervisor.roll()))),
  choice.map((n) =>
    step(`ready ${n}`, (world) => {
      const pid = world.pick(n)
      if (pid !== undefined) world.system.notify(pid, { ready: true })
    }),
  ),
  fc.tuple(choice, fc.constantFrom(0, 1)).map(([n, code]) =>
    step(`exit ${n} with ${code}`, (world) => {
      const pid = world.pick(n)
      if (pid !== undefined) world.system.exit(pid, { code, signal: null })
    }),
  ),
  fc
    .constantFrom(0, 100, 5_000, 10_000, 60_000)
    .map((ms) => step(`advance ${ms}`, (world) => world.system.advance(ms))),
  fc.constant(
    step('no process can be started', (world) => {
      world.system.nextSpawnError = 'EAGAIN'
    }),
  ),
  fc.constant(
    step('messages are queued', (world) => {
      world.system.queueing = true
    }),
  ),
  fc.constant(
    step('messages are read', (world) => {
      world.system.queueing = false
      world.system.read()
    }),
  ),
  choice.map((n) =>
    step(`fork ${n}`, (world) => {
      const pid = world.pick(n)
      const parent = world.system.living.find((process) => process.pid === pid)
      // One that has SIGKILL starts nothing any more.
      if (parent !== undefined && !parent.signals.includes('SIGKILL')) world.system.fork(parent)
    }),
  ),
  choice.map((n) =>
    step(`${n} becomes another user's`, (world) => {
      const pid = world.pick(n)
      if (pid !== undefined) world.system.foreign.add(pid)
    }),
  ),
  choice.map((n) =>
    step(`main pid ${n}`, (world) => {
      const pid = world.pick(n)
      if (pid !== undefined) world.system.notify(pid, { mainPid: pid + 100_000 })
    }),
  ),
  choice.map((n) =>
    step(`main process of ${n} exits`, (world) => {
      const pid = world.pick(n)
      if (pid !== undefined) world.system.exit(pid + 100_000, { code: null, signal: null })
    }),
  ),
  choice.map((n) =>
    step(`watchdog trigger ${n}`, (world) => {
      const pid = world.pick(n)
      if (pid !== undefined) world.system.notify(pid, { watchdog: 'trigger' })
    }),
  ),
  choice.map((n) =>
    step(`status ${n}`, (world) => {
      const pid = world.pick(n)
      if (pid !== undefined) world.system.notify(pid, { status: 'x', extendTimeoutUsec: 1_000_000 })
    }),
  ),
  fc.constant(
    step('stop', (world) => {
      world.stopAsked = true
      void world.supervisor.stop()
    }),
  ),
]

test('whatever happens, in whatever order', async () => {
  await fc.assert(
    fc.asyncProperty(fc.commands(steps, { maxCommands: 40 }), async (commands) => {
      const world = new World()
      await fc.asyncModelRun(() => ({ model: {}, real: world }), commands)
      void world.supervisor.stop()
      for (let n = 0; n < 5 && !world.ended; n++) {
        world.system.advance(60_000)
        world.system.queueing = false
        world.system.read()
        for (const { pid } of world.system.processes) {
          world.system.exit(pid + 100_000, { code: null, signal: null })
        }
        await settled()
      }
      expect(world.ended, 'a stop ends it').toBe(true)
      world.check()
      const outcomes = await Promise.all(world.rolls)
      expect(outcomes.every(({ type }) => ['rolled', 'failed', 'refused'].includes(type))).toBe(true)
    }),
    { numRuns: Number(process.env.MODEL_RUNS ?? 400) },
  )
})
