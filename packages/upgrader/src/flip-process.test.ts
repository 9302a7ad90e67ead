import { deferred } from '@shellflip/internal'
import { afterEach, expect, test, vi } from 'vitest'
import type { Carrier } from './carrier/carrier.ts'
import { type FlipEvent, FlipEvents } from './flip-events.ts'
import { normalizeOptions } from './flip-options.ts'
import type { FlipParts } from './flip-parts.ts'
import { FlipProcess } from './flip-process.ts'
import { NoPredecessor } from './predecessor/no-predecessor.ts'

// Without this, a process that does not end by itself is ended. Here that is the test's own process.
vi.spyOn(process, 'exit').mockImplementation((() => {}) as typeof process.exit)
afterEach(() => {
  process.exitCode = undefined
})

const none = async () => {}

/** A process that serves nothing, without a predecessor and without a manager. */
function flipWith(onEvent?: (event: FlipEvent) => unknown): FlipProcess<undefined> {
  return new FlipProcess({
    options: normalizeOptions({ drainTimeoutMs: 5_000 }),
    predecessor: new NoPredecessor(() => {}),
    manager: { serving: none, stopping: none, close() {} },
    older: {},
    events: new FlipEvents(onEvent),
    state: undefined,
    upgradeSocket: { accept: none, own() {}, offered: () => [], leave: none, close: none },
    carrier: {
      keepers: [],
      keepPrepared() {},
      carry: async () => ({ type: 'failed', failure: { type: 'aborted' } }),
      stop: (shutdown, reason) => shutdown.stopped(reason),
    } satisfies Carrier,
  } as unknown as FlipParts)
}

/** Work that drains until it is cut, or until the test lets it go. */
function hangingWork(flip: FlipProcess<undefined>) {
  const work = { isCut: false, finish() {} }
  flip.coordinator.onDrain('work', ({ signal }) => {
    const { promise, resolve } = deferred<void>()
    work.finish = resolve
    signal.addEventListener('abort', () => {
      work.isCut = true
      resolve()
    })
    return promise
  })
  return work
}

test('stop() resolves with the end of this process, as done does', async () => {
  const flip = flipWith()
  await flip.ready()
  const end = await flip.stop('enough')
  expect(end).toMatchObject({ type: 'stopped', reason: 'enough', report: { clean: true } })
  expect(await flip.done).toBe(end)
})

test('the end of its scope stops, and waits for the end', async () => {
  const flip = flipWith()
  {
    await using scoped = flip
    await scoped.ready()
  }
  expect(await flip.done).toMatchObject({ type: 'stopped', reason: 'stop()' })
})

test('the end of its scope does not cut what drains', async () => {
  const flip = flipWith()
  await flip.ready()
  const work = hangingWork(flip)
  const stopping = flip.stop('enough')
  const disposals = [flip[Symbol.asyncDispose](), flip[Symbol.asyncDispose]()]
  expect(work.isCut).toBe(false)
  work.finish()
  await Promise.all(disposals)
  expect(await stopping).toMatchObject({ reason: 'enough', report: { clean: true } })
})

test('a second stop() cuts what drains', async () => {
  const flip = flipWith()
  await flip.ready()
  const work = hangingWork(flip)
  void flip.stop()
  await flip.stop()
  expect(work.isCut).toBe(true)
})

test('the option, the listeners and the loops get the same events, until the end', async () => {
  const [byOption, byListener, byLoop]: FlipEvent['type'][][] = [[], [], []]
  const flip = flipWith(({ type }) => byOption?.push(type))
  using _ = flip.onEvent(({ type }) => byListener?.push(type))
  const looping = (async () => {
    for await (const { type } of flip.events()) byLoop?.push(type)
  })()
  await flip.ready()
  await flip.stop()
  await looping
  expect(byLoop).toEqual(['ready', 'draining', 'drained'])
  expect(byListener).toEqual(byLoop)
  expect(byOption).toEqual(byLoop)
  for await (const event of flip.events()) expect.unreachable(event.type)
})

test('onEvent() takes a function', () => {
  expect(() => flipWith().onEvent('log' as never)).toThrow(
    expect.objectContaining({
      code: 'ERR_INVALID_ARGUMENT',
      message: 'flip.onEvent() takes a function, not "log".',
    }),
  )
})
