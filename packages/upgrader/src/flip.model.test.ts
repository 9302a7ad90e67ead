import { existsSync } from 'node:fs'
import { temporaryFolder } from '@shellflip/testing'
import { UpgradeLock } from '@shellflip/upgrade-lock'
import fc from 'fast-check'
import { afterEach, expect, test, vi } from 'vitest'
import type { Carrier, CarryOptions, UpgradeResult } from './carrier/carrier.ts'
import { NodeHandover } from './carrier/node-handover.ts'
import { type FlipEvent, FlipEvents } from './flip-events.ts'
import { normalizeOptions } from './flip-options.ts'
import type { FlipParts } from './flip-parts.ts'
import { FlipProcess } from './flip-process.ts'
import type { FlipEnd, UpgradeFailure, UpgradeOutcome } from './outcome.ts'
import { NoPredecessor } from './predecessor/no-predecessor.ts'

// Without this, a process that does not end by itself is ended. Here that is the test's own process.
vi.spyOn(process, 'exit').mockImplementation((() => {}) as typeof process.exit)
afterEach(() => {
  process.exitCode = undefined
})

const settled = () => new Promise((resolve) => setImmediate(resolve))

/** An upgrade that is in flight. The test decides how it continues. */
type Trial = { options: CarryOptions; end: (result: UpgradeResult) => void; fail: (error: Error) => void }

/** The next behaviour of `beforeUpgrade`, or of the undo. */
type Mood = 'well' | 'throw' | 'hang'

const failures: UpgradeFailure[] = [
  { type: 'exited', code: 3, signal: null },
  { type: 'exited', code: null, signal: 'SIGKILL' },
  { type: 'not-ready', timeoutMs: 60_000 },
  { type: 'refused', reason: 'no database' },
  { type: 'cannot-start', code: 'ENOENT', message: 'no such file' },
]

/** One process of a service, with a successor, a manager, older generations and hooks that only pretend. */
class World {
  readonly folder = temporaryFolder('flip-model-')
  readonly lockFile = this.folder.join('lock')
  readonly trials: Trial[] = []
  readonly told: ('READY' | 'RELOADING' | 'STOPPING')[] = []
  readonly events: FlipEvent[] = []
  readonly outcomes: UpgradeOutcome[] = []
  readonly ends: FlipEnd[] = []
  before: Mood = 'well'
  undo: Mood = 'well'
  asked = 0
  /** Calls of each hook. */
  prepared = 0
  undone = 0
  carried = 0
  draining = 0
  upgraded = 0
  stops = 0
  work = 0
  cut = 0
  readonly #withLock: boolean
  readonly #exitOnError: boolean
  /** Another process's, at the same path. */
  #foreign: UpgradeLock | undefined
  readonly #hanging = new Set<() => void>()
  #works = 0
  readonly flip: FlipProcess<undefined>

  constructor({ exitOnError, withLock }: { exitOnError: boolean; withLock: boolean }) {
    this.#withLock = withLock
    this.#exitOnError = exitOnError
    this.flip = new FlipProcess({
      options: normalizeOptions({
        ...(withLock ? { lockFile: this.lockFile } : {}),
        drainTimeoutMs: 2 ** 31 - 1,
        exitOnError,
        beforeUpgrade: () => {
          if (withLock) expect(this.isLocked() && !this.isForeignLock, 'it holds the lock').toBe(true)
          this.prepared++
          return this.#inMood(this.before)
        },
        upgradeFailed: () => {
          this.undone++
          return this.#inMood(this.undo)
        },
        upgraded: () => void this.upgraded++,
      }),
      predecessor: new NoPredecessor(() => {}),
      manager: this.#manager(),
      older: this.#older(),
      state: undefined,
      events: new FlipEvents((event) => this.events.push(event)),
      upgradeSocket: { accept() {}, own() {}, offered: () => [], async leave() {}, async close() {} },
      carrier: {
        keepers: [],
        keepPrepared() {},
        carry: (options) => this.#try(options),
        stop: (shutdown, reason) => shutdown.stopped(reason),
      } satisfies Carrier,
    } as unknown as FlipParts)
    void this.flip.done.then((end) => void this.ends.push(end))
  }

  /** @returns when somebody, at once with others perhaps, has asked */
  ask(): void {
    this.asked++
    void this.flip.upgrade().then((outcome) => void this.outcomes.push(outcome))
  }

  commit(): void {
    const [trial] = this.trials
    if (trial === undefined) return
    const handover = NodeHandover.open({ version: '2', sockets: [] })
    trial.end({ type: 'committed', successor: handover.successor(process.pid) })
    handover.closePassed()
  }

  /** Something of the program that a drain waits for. After the end it is refused. */
  addWork(): void {
    try {
      this.#drain(`work ${++this.#works}`)
      this.work++
    } catch (error) {
      expect(error).toMatchObject({ code: 'ERR_TOO_LATE' })
    }
  }

  #drain(name: string): void {
    this.flip.coordinator.onDrain(name, ({ signal }) =>
      new Promise<void>((resolve) => {
        this.#hanging.add(resolve)
        signal.addEventListener('abort', () => {
          this.cut++
          resolve()
        })
      }).finally(() => void this.work--),
    )
  }

  letGo(): void {
    for (const resolve of this.#hanging) resolve()
    this.#hanging.clear()
  }

  /** Another process takes the lock, or gives it back. */
  toggleForeignLock(): void {
    if (!this.#withLock) return
    if (this.#foreign !== undefined) {
      this.#foreign.release()
      this.#foreign = undefined
      return
    }
    const outcome = UpgradeLock.tryAcquire({ path: this.lockFile })
    if (outcome.type === 'acquired') this.#foreign = outcome.lock
  }

  get isForeignLock(): boolean {
    return this.#foreign !== undefined
  }

  isLocked(): boolean {
    const outcome = UpgradeLock.tryAcquire({ path: this.lockFile })
    if (outcome.type === 'acquired') outcome.lock.release()
    return outcome.type === 'held'
  }

  get isIdle(): boolean {
    return this.outcomes.length === this.asked
  }

  check(): void {
    expect(this.trials.length, 'never two upgrades at once').toBeLessThanOrEqual(1)
    expect(this.outcomes.length, 'an outcome for each request').toBeLessThanOrEqual(this.asked)
    expect(this.ends.length, 'done resolves once').toBeLessThanOrEqual(1)
    const count = (type: UpgradeOutcome['type']) => this.outcomes.filter((one) => one.type === type).length
    if (this.isIdle) {
      expect(this.undone, 'one undo for each upgrade that failed').toBe(count('failed'))
      expect(this.prepared, 'one preparation for each upgrade').toBe(count('failed') + count('upgraded'))
      expect(this.upgraded).toBe(count('upgraded'))
      expect(count('upgraded'), 'no upgrade begins after a successor took over').toBeLessThanOrEqual(1)
      expect(this.trials, 'no upgrade without a request').toHaveLength(0)
      expect(this.isLocked(), 'an idle process holds no lock').toBe(this.isForeignLock)
      expect(existsSync(this.lockFile), 'nor leaves its file').toBe(this.isForeignLock)
      const closing = Math.max(this.told.lastIndexOf('READY'), this.told.lastIndexOf('STOPPING'))
      expect(this.told.lastIndexOf('RELOADING'), 'RELOADING is closed').toBeLessThanOrEqual(closing)
    }
    const stopping = this.told.indexOf('STOPPING')
    if (stopping !== -1) expect(this.told.slice(stopping), 'nothing follows STOPPING').toEqual(['STOPPING'])
    const isGivingUp = ({ failure }: { failure: UpgradeFailure }) => failure.type !== 'aborted'
    const exits = this.outcomes.filter((one) => one.type === 'failed' && isGivingUp(one)).length
    const mayCut = this.stops + (this.#exitOnError ? exits : 0) > 1
    if (!mayCut) expect(this.cut, 'what drains is cut by a further stop only').toBe(0)
    const mayHaveEnded = count('upgraded') > 0 || this.stops > 0 || process.exitCode === 1
    if (!mayHaveEnded) expect(this.ends, 'it ends when asked, or upgraded').toHaveLength(0)
  }

  async #try(options: CarryOptions): Promise<UpgradeResult> {
    expect(this.upgraded, 'no upgrade begins after the commit').toBe(0)
    expect(this.ends).toHaveLength(0)
    expect(options.signal.aborted, 'no upgrade begins after a stop').toBe(false)
    this.carried++
    const { promise, resolve, reject } = deferred<UpgradeResult>()
    const trial = { options, end: resolve, fail: reject }
    this.trials.push(trial)
    options.signal.addEventListener('abort', () => resolve({ type: 'failed', failure: { type: 'aborted' } }))
    return promise.finally(() => void this.trials.splice(this.trials.indexOf(trial), 1))
  }

  #inMood(mood: Mood): Promise<void> | undefined {
    if (mood === 'throw') throw new Error('the hook throws')
    if (mood === 'hang') return new Promise((resolve) => this.#hanging.add(resolve))
    return undefined
  }

  #manager() {
    const say = (word: (typeof this.told)[number]) => async () => void this.told.push(word)
    const close = () => {}
    return {
      environment: {},
      serving: say('READY'),
      upgrading: say('RELOADING'),
      upgradeFailed: say('READY'),
      upgraded: say('READY'),
      stopping: say('STOPPING'),
      close,
    }
  }

  #older() {
    const count = () => this.draining
    return {
      get count() {
        return count()
      },
      describe: async () => `${count()} drain`,
      offered: () => [],
      leave: () => new Promise(() => {}),
    }
  }
}

function deferred<T>() {
  let resolve!: (value: T) => void
  let reject!: (error: Error) => void
  const promise = new Promise<T>((onValue, onError) => {
    resolve = onValue
    reject = onError
  })
  return { promise, resolve, reject }
}

type Step = fc.AsyncCommand<Record<string, never>, World>

function step(name: string, run: (world: World) => void): Step {
  return {
    check: () => true,
    toString: () => name,
    async run(_, world) {
      run(world)
      for (let turn = 0; turn < 3; turn++) await settled()
      world.check()
    },
  }
}

const mood = fc.constantFrom<Mood>('well', 'well', 'throw', 'hang')
const always = (name: string, run: (world: World) => void) => fc.constant(step(name, run))
const steps: fc.Arbitrary<Step>[] = [
  always('somebody asks', (world) => world.ask()),
  always('two ask at once', (world) => {
    world.ask()
    world.ask()
  }),
  always('the successor commits', (world) => world.commit()),
  fc
    .constantFrom(...failures)
    .map((failure) =>
      step(`the successor: ${failure.type}`, (world) => world.trials[0]?.end({ type: 'failed', failure })),
    ),
  always('no descriptor is free', (world) => world.trials[0]?.fail(new Error('EMFILE'))),
  mood.map((before) =>
    step(`beforeUpgrade goes ${before}`, (world) => {
      world.before = before
    }),
  ),
  mood.map((undo) =>
    step(`the undo goes ${undo}`, (world) => {
      world.undo = undo
    }),
  ),
  always('what hangs continues', (world) => world.letGo()),
  always('there is work to drain', (world) => world.addWork()),
  fc.nat(4).map((draining) =>
    step(`${draining} older generations drain`, (world) => {
      world.draining = draining
    }),
  ),
  always('another process takes the lock, or gives it back', (world) => world.toggleForeignLock()),
  always('ready', (world) => void world.flip.ready().catch(() => {})),
]
const ends: fc.Arbitrary<Step>[] = [
  always('stop', (world) => {
    world.stops++
    void world.flip.stop('SIGTERM')
  }),
  always('stop twice', (world) => {
    world.stops += 2
    void world.flip.stop('SIGTERM')
    void world.flip.stop('SIGTERM')
  }),
]

// On a busy machine this takes longer. The limit is only for a test that does not end.
test('whatever happens, in whatever order', { timeout: 120_000 }, async () => {
  const seen = new Set<string>()
  const run = fc.asyncProperty(
    fc.commands([...steps, ...steps, ...steps, ...ends], { maxCommands: 40, size: 'max' }),
    fc.record({ exitOnError: fc.boolean(), withLock: fc.boolean() }),
    fc.nat(3),
    async (commands, options, start) => {
      const world = new World(options)
      using _folder = world.folder
      try {
        if (start > 0) await world.flip.ready()
        await fc.asyncModelRun(() => ({ model: {}, real: world }), commands)
        if (world.isForeignLock) world.toggleForeignLock()
        world.stops += 2
        void world.flip.stop('the end')
        void world.flip.stop('the end')
        for (let turn = 0; turn < 20 && world.ends.length === 0; turn++) {
          world.letGo()
          await settled()
        }
        expect(world.ends, 'a stop ends it').toHaveLength(1)
        expect(world.isIdle, 'everyone who asked was answered').toBe(true)
        world.check()
        const [end] = world.ends
        expect(end?.type).toBe(world.upgraded > 0 ? 'upgraded' : 'stopped')
        expect(world.told.includes('STOPPING'), 'who has a successor does not say STOPPING').toBe(
          world.upgraded === 0,
        )
        for (const outcome of world.outcomes) seen.add(nameOf(outcome))
      } finally {
        process.exitCode = undefined
      }
    },
  )
  await fc.assert(run, { numRuns: Number(process.env.MODEL_RUNS ?? 300) })
  expect([...seen].sort(), 'the commands reach every outcome').toEqual([
    'failed: aborted',
    'failed: by the successor',
    'failed: hook',
    'failed: system',
    'refused: draining',
    'refused: in-progress',
    'refused: not-ready',
    'refused: stopping',
    'refused: too-many-draining',
    'upgraded',
  ])
})

test('a stop that comes when the successor has taken over is for the successor', async () => {
  const kill = vi.spyOn(process, 'kill').mockReturnValue(true)
  const world = new World({ exitOnError: false, withLock: false })
  using _folder = world.folder
  await world.flip.ready()
  world.ask()
  await settled()
  world.commit()
  void world.flip.stop('SIGINT')
  expect(await world.flip.done).toMatchObject({ type: 'upgraded', pid: process.pid })
  expect(kill.mock.calls).toEqual([[process.pid, 'SIGINT']])
  kill.mockRestore()
})

test('a second stop does not wait for an undo that hangs', async () => {
  const world = new World({ exitOnError: false, withLock: true })
  using _folder = world.folder
  await world.flip.ready()
  world.before = 'hang'
  world.undo = 'hang'
  world.ask()
  await settled()
  void world.flip.stop('SIGTERM')
  await settled()
  expect([world.undone, world.ends.length]).toEqual([1, 0])
  void world.flip.stop('SIGTERM')
  for (let turn = 0; turn < 20; turn++) await settled()
  expect(world.ends).toMatchObject([{ type: 'stopped', reason: 'SIGTERM' }])
  world.letGo()
})

function nameOf(outcome: UpgradeOutcome): string {
  if (outcome.type === 'failed') {
    return `failed: ${failures.includes(outcome.failure) ? 'by the successor' : outcome.failure.type}`
  }
  return outcome.type === 'refused' ? `refused: ${outcome.reason}` : outcome.type
}
