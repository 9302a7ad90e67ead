import { UnixSocket } from '@shellflip/fd-passing'
import { defineState } from '@shellflip/state-serialization'
import fc from 'fast-check'
import { expect, test, vi } from 'vitest'
import { z } from 'zod'
import { encodeFrame, FrameDecoder, type FrameType } from './frame.ts'
import { giveHandover } from './give-handover.ts'
import { HandoverChannel } from './handover-channel.ts'
import type { HandoverResult } from './handover-failure.ts'
import { takeOver } from './take-over.ts'
import type { Takeover } from './takeover.ts'

/** Timers end when the test says so. */
const timers = vi.hoisted(() => new Set<() => void>())
vi.mock('@shellflip/internal', async (importOriginal) => ({
  ...(await importOriginal<object>()),
  RunningTimer: class {
    readonly #onOver: () => void
    constructor(_timeoutMs: number, onOver: () => void) {
      this.#onOver = onOver
      timers.add(onOver)
    }
    [Symbol.dispose]() {
      timers.delete(this.#onOver)
    }
  },
}))

const Count = defineState({ name: 'count', version: 1, schema: z.int() })

type Side = 'predecessor' | 'successor'
type Frame = { type: FrameType; bytes: Buffer }

/** Carries messages between the two, one by one, when the test says so. The death of one is the end of its messages. */
class Relay {
  readonly #sockets: Record<Side, UnixSocket>
  readonly #sent: Record<Side, Frame[]> = { predecessor: [], successor: [] }
  readonly dead = new Set<Side>()

  constructor(sockets: Record<Side, UnixSocket>) {
    this.#sockets = sockets
    for (const side of ['predecessor', 'successor'] as const) void this.#read(side)
  }

  /** Sends the next message of this side to the other one, or its end. @returns whether there was one */
  async deliver(from: Side): Promise<boolean> {
    const to = from === 'predecessor' ? 'successor' : 'predecessor'
    const frame = this.#sent[from].shift()
    if (frame === undefined) {
      if (this.dead.has(from)) this.#sockets[to].close()
      return false
    }
    if (!this.dead.has(to)) await this.#sockets[to].send(frame.bytes).catch(() => {})
    return true
  }

  /** Its messages up to now are on their way. */
  kill(side: Side): void {
    this.dead.add(side)
    this.#sockets[side].close()
  }

  close(): void {
    for (const side of ['predecessor', 'successor'] as const) this.#sockets[side].close()
  }

  /** The end of a living process is the close of its channel. */
  async #read(side: Side): Promise<void> {
    const decoder = new FrameDecoder()
    for (;;) {
      const arrival = await this.#sockets[side].receive().catch(() => null)
      if (this.dead.has(side) || arrival === null) break
      for (const { type, payload } of decoder.push(arrival.data)) {
        this.#sent[side].push({ type, bytes: encodeFrame({ type, payload, fdCount: 0 }) })
      }
    }
    this.dead.add(side)
  }
}

class World {
  readonly relay: Relay
  readonly #channels: readonly HandoverChannel[]
  readonly #stop = new AbortController()
  outcome: HandoverResult | undefined
  takeover: Takeover | undefined
  #wantsReady = false
  #activating: { resolve: () => void; reject: (error: Error) => void } | undefined
  /** It accepts. */
  #isActivated = false
  readying: 'no' | 'waits' | 'draining' | 'gone' | 'failed' = 'no'
  /** Processes that were killed. */
  readonly killed = new Set<Side>()

  constructor() {
    const [given, predecessor] = pair()
    const [taken, successor] = pair()
    this.relay = new Relay({ predecessor, successor })
    this.#channels = [given, taken]
    void this.#give(given)
    void this.#take(taken)
  }

  get predecessorServes(): boolean {
    return !this.killed.has('predecessor') && this.outcome?.type !== 'committed'
  }

  get successorServes(): boolean {
    return !this.killed.has('successor') && this.#isActivated && this.readying !== 'failed'
  }

  ready(): void {
    if (this.takeover === undefined || this.readying !== 'no') {
      this.#wantsReady = true
      return
    }
    this.readying = 'waits'
    const activate = () =>
      new Promise<void>((resolve, reject) => {
        this.#activating = { resolve, reject }
      })
    this.takeover.ready(activate).then(
      ({ predecessor }) => {
        this.readying = predecessor
      },
      () => {
        this.readying = 'failed'
      },
    )
  }

  activate(): void {
    if (this.#activating !== undefined) this.#isActivated = true
    this.#activating?.resolve()
    this.#activating = undefined
  }

  failToActivate(): void {
    this.#activating?.reject(new Error('cannot accept'))
    this.#activating = undefined
  }

  stop(side: Side): void {
    if (side === 'predecessor') this.#stop.abort()
    else this.takeover?.refuse('stopped')
  }

  kill(side: Side): void {
    this.killed.add(side)
    this.relay.kill(side)
  }

  close(): void {
    this.relay.close()
    for (const channel of this.#channels) channel.close()
  }

  async #give(channel: HandoverChannel): Promise<void> {
    const outcome = await giveHandover(
      channel,
      { version: '1', sockets: [], state: { definition: Count, value: 7 } },
      { signal: this.#stop.signal },
    )
    if (!this.killed.has('predecessor')) this.outcome = outcome
  }

  async #take(channel: HandoverChannel): Promise<void> {
    try {
      const takeover = await takeOver(channel, { states: [Count] })
      await takeover.state(Count)
      this.takeover = takeover
      if (this.#wantsReady) this.ready()
    } catch {
      this.readying = 'failed'
    }
  }
}

function pair(): [HandoverChannel, UnixSocket] {
  const { channel, remote } = HandoverChannel.pair()
  return [channel, UnixSocket.adopt(remote)]
}

const actions = {
  'a message of the predecessor arrives': (world: World) => world.relay.deliver('predecessor'),
  'a message of the successor arrives': (world: World) => world.relay.deliver('successor'),
  'the successor is ready': (world: World) => world.ready(),
  'the successor begins to serve': (world: World) => world.activate(),
  'the successor cannot begin to serve': (world: World) => world.failToActivate(),
  'the successor is stopped': (world: World) => world.stop('successor'),
  'the predecessor is stopped': (world: World) => world.stop('predecessor'),
  'the successor dies': (world: World) => world.kill('successor'),
  'the predecessor dies': (world: World) => world.kill('predecessor'),
  'the time is over': () => {
    for (const end of [...timers]) end()
  },
}
type Action = keyof typeof actions

/** Actions that continue the handover come more often than those that end it. */
const action = fc.oneof(
  {
    weight: 10,
    arbitrary: fc.constantFrom<Action>(
      'a message of the predecessor arrives',
      'a message of the successor arrives',
    ),
  },
  {
    weight: 3,
    arbitrary: fc.constantFrom<Action>('the successor is ready', 'the successor begins to serve'),
  },
  { weight: 1, arbitrary: fc.constantFrom(...(Object.keys(actions) as Action[])) },
)

async function turns(): Promise<void> {
  for (let turn = 0; turn < 4; turn++) await new Promise((resolve) => setImmediate(resolve))
}

async function deliverAll({ relay }: World): Promise<void> {
  for (let quiet = 0; quiet < 3; ) {
    const isDelivered = [await relay.deliver('predecessor'), await relay.deliver('successor')].includes(true)
    quiet = isDelivered ? 0 : quiet + 1
    await turns()
  }
}

/** A predecessor that gave up a successor kills it, and both have received what was in flight. */
async function settle(world: World, successorHangs: boolean): Promise<void> {
  await deliverAll(world)
  if (!successorHangs) {
    world.ready()
    await deliverAll(world)
    world.activate()
    await deliverAll(world)
  }
  for (const end of [...timers]) end()
  await deliverAll(world)
}

function check(world: World): void {
  const { outcome, takeover, readying, killed } = world
  if (outcome?.type === 'committed' && !killed.has('successor')) {
    expect(world.successorServes, 'the predecessor has let go: its successor serves').toBe(true)
  }
  // The code of a killed process still runs here, in the test's process.
  if (outcome?.type === 'failed' && killed.size === 0) {
    expect(
      takeover?.committed ?? false,
      'nothing is the successor’s own while the predecessor continues',
    ).toBe(false)
    expect(['draining', 'gone'], 'nor is it told so').not.toContain(readying)
  }
  const isServed = world.predecessorServes || world.successorServes
  if (!killed.has('predecessor') && !killed.has('successor')) {
    expect(isServed, 'somebody serves at every moment').toBe(true)
  }
}

test('whatever happens to whom, and whenever: the predecessor serves until its successor does', {
  timeout: 120_000,
}, async () => {
  const seen = new Set<string>()
  const run = fc.asyncProperty(
    fc.array(action, { maxLength: 40, size: 'max' }),
    fc.boolean(),
    async (names, hangs) => {
      const world = new World()
      try {
        await turns()
        for (const name of names) {
          await actions[name](world)
          await turns()
          check(world)
        }
        await settle(world, hangs)
        check(world)
        const { outcome, killed, readying } = world
        if (!killed.has('predecessor')) expect(outcome, 'the predecessor learns the outcome').toBeDefined()
        if (outcome?.type === 'committed' && !killed.has('successor'))
          expect(['draining', 'gone']).toContain(readying)
        const isOrphan = killed.has('predecessor') && outcome === undefined && world.takeover !== undefined
        if (isOrphan && !killed.has('successor') && !hangs && readying !== 'failed') {
          expect([readying, world.successorServes], 'the successor serves alone').toEqual(['gone', true])
        }
        seen.add(outcome?.type === 'failed' ? outcome.failure.type : (outcome?.type ?? 'died'))
      } finally {
        world.close()
        await turns()
      }
    },
  )
  await fc.assert(run, { numRuns: Number(process.env.MODEL_RUNS ?? 400) })
  expect([...seen].sort(), 'the runs reach every outcome').toEqual([
    'aborted',
    'committed',
    'died',
    'gone',
    'not-ready',
    'refused',
  ])
})
