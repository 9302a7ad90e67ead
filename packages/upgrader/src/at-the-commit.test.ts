import { existsSync } from 'node:fs'
import { createServer } from 'node:http'
import { listenUnix } from '@shellflip/fd-passing'
import { giveHandover, HandoverChannel, socketKinds } from '@shellflip/handover'
import { deferred } from '@shellflip/internal'
import { temporaryFolder } from '@shellflip/testing'
import { afterEach, describe, expect, test, vi } from 'vitest'
import type { Carrier } from './carrier/carrier.ts'
import { UpgradeSocket } from './control-socket/upgrade-socket.ts'
import { FlipEvents } from './flip-events.ts'
import { normalizeOptions } from './flip-options.ts'
import type { FlipParts } from './flip-parts.ts'
import { FlipProcess } from './flip-process.ts'
import type { UpgradeOutcome } from './outcome.ts'
import { NodePredecessor } from './predecessor/node-predecessor.ts'

// Without this, a process that does not end by itself is ended. Here that is the test's own process.
vi.spyOn(process, 'exit').mockImplementation((() => {}) as typeof process.exit)
afterEach(() => {
  process.exitCode = undefined
})

/** A manager that is told things, and no older generation. */
function surroundings() {
  const told: string[] = []
  const say = (word: string) => async () => void told.push(word)
  const manager = {
    environment: {},
    serving: say('READY'),
    upgrading: say('RELOADING'),
    upgradeFailed: say('READY'),
    stopping: say('STOPPING'),
    close() {},
  }
  return {
    told,
    manager,
    older: { count: 0, offered: () => [], leave: () => new Promise(() => {}) },
  }
}

/** A successor that takes over a server that it wants, one that it does not, and a control socket. */
async function successor() {
  const folder = temporaryFolder('flip-')
  const paths = {
    wanted: folder.join('a.sock'),
    unwanted: folder.join('b.sock'),
    control: folder.join('c.sock'),
  }
  const pidFile = folder.join('pid')
  const { channel, remote } = HandoverChannel.pair()
  const listeners = Object.values(paths).map((path) => listenUnix({ path }))
  const keys = [
    `${socketKinds.bound}unix:${paths.wanted}`,
    `${socketKinds.bound}unix:${paths.unwanted}`,
    socketKinds.control,
  ]
  const sockets = listeners.map((fd, index) => ({ name: keys[index] as string, fd }))
  const giving = giveHandover(channel, { version: '1', sockets })
  const predecessor = await NodePredecessor.open(HandoverChannel.adopt(remote), undefined, 5_000)
  const { told, manager, older } = surroundings()
  const { promise, resolve } = deferred<FlipProcess<unknown>>()
  const upgradeSocket = await UpgradeSocket.open(
    { path: paths.control, restart: async () => (await promise).upgrade(), onEvent() {} },
    predecessor,
  )
  const flip = new FlipProcess<unknown>({
    options: normalizeOptions({ controlSocket: paths.control, pidFile, drainTimeoutMs: 5_000 }),
    predecessor,
    manager,
    older,
    state: undefined,
    events: new FlipEvents(),
    carrier: {
      keepers: [],
      keepPrepared() {},
      carry: async () => ({
        type: 'failed',
        failure: { type: 'cannot-start', code: 'ENOENT', message: 'nothing is there' },
      }),
      stop: (shutdown, reason) => shutdown.stopped(reason),
    } satisfies Carrier,
    upgradeSocket,
  } as unknown as FlipParts)
  resolve(flip)
  const server = createServer()
  await flip.listen(server, { path: paths.wanted })
  const end = () => {
    for (const fd of listeners) fd.close()
    channel.close()
    return flip.done
  }
  const left = () => [...Object.values(paths), pidFile].filter((path) => existsSync(path))
  return { folder, predecessor, giving, flip, server, told, end, left }
}

type Successor = Awaited<ReturnType<typeof successor>>

type Moment = [name: string, (successor: Successor, act: () => void) => void]

const beforeItServes: Moment[] = [
  [
    'reported "ready"',
    ({ predecessor }, act) => {
      const ready = predecessor.ready.bind(predecessor)
      vi.spyOn(predecessor, 'ready').mockImplementation((activate) => {
        const readying = ready(activate)
        act()
        return readying
      })
    },
  ],
  [
    'received "commit"',
    ({ predecessor }, act) => {
      const ready = predecessor.ready.bind(predecessor)
      vi.spyOn(predecessor, 'ready').mockImplementation((activate) =>
        ready(() => {
          act()
          return activate()
        }),
      )
    },
  ],
  ['begun to accept', ({ server }, act) => void server.once('listening', act)],
]

describe('a successor that is stopped when it has', () => {
  test.each(beforeItServes)('%s leaves everything with its predecessor', async (_, atThat) => {
    const stopped = await successor()
    using _folder = stopped.folder
    const { giving, flip, server, told, end, left } = stopped
    atThat(stopped, () => void flip.stop('SIGTERM'))
    await expect(flip.ready()).rejects.toMatchObject({ code: 'ERR_STOPPED' })
    expect(await giving).toMatchObject({ type: 'failed', failure: { type: 'refused' } })
    expect(left()).toHaveLength(3)
    expect(server.listening).toBe(false)
    expect(await end()).toMatchObject({ type: 'stopped', reason: 'SIGTERM' })
    expect(left()).toHaveLength(3)
    expect(told, 'the service continues').toEqual([])
  })

  test('reported that it serves is the owner: it drains, and leaves nothing behind', async () => {
    const stopped = await successor()
    using _folder = stopped.folder
    const { predecessor, giving, flip, told, end, left } = stopped
    const ready = predecessor.ready.bind(predecessor)
    vi.spyOn(predecessor, 'ready').mockImplementation(async (activate) => {
      const state = await ready(activate)
      void flip.stop('SIGTERM')
      return state
    })
    await expect(flip.ready()).rejects.toMatchObject({ code: 'ERR_STOPPED' })
    expect(await giving).toMatchObject({ type: 'committed' })
    expect(await end()).toMatchObject({ type: 'stopped', reason: 'SIGTERM' })
    expect(left()).toEqual([])
    expect(told).toEqual(['STOPPING'])
  })
})

test('an upgrade that is requested while a successor begins to accept waits until it serves', async () => {
  const asked = await successor()
  using _folder = asked.folder
  const { flip, server, told, end, left } = asked
  const outcome = new Promise<UpgradeOutcome>((resolve) => {
    server.once('listening', () => resolve(flip.upgrade()))
  })
  await flip.ready()
  expect(await outcome).toMatchObject({ type: 'failed', failure: { type: 'cannot-start' } })
  expect(told).toEqual(['READY', 'RELOADING', 'READY'])
  void flip.stop('SIGTERM')
  await end()
  expect(left()).toEqual([])
})

test('a server that cannot begin after the commit leaves the service to the predecessor', async () => {
  const failing = await successor()
  using _folder = failing.folder
  const { predecessor, giving, flip, server, end, left } = failing
  const ready = predecessor.ready.bind(predecessor)
  vi.spyOn(predecessor, 'ready').mockImplementation((activate) => {
    server.listen(0)
    return ready(activate)
  })
  await expect(flip.ready()).rejects.toMatchObject({ code: 'ERR_INVALID_ARGUMENT' })
  expect(await giving).toMatchObject({
    type: 'failed',
    failure: {
      type: 'refused',
      reason: expect.stringMatching(/the program calls server\.listen\(.*\) itself/),
    },
  })
  expect(left()).toHaveLength(3)
  void flip.stop('SIGTERM')
  await end()
})

test('a second stop ends a process whose predecessor does not decide', async () => {
  const waiting = await successor()
  using _folder = waiting.folder
  const { predecessor, giving, flip, end } = waiting
  const exit = vi.mocked(process.exit)
  exit.mockClear()
  await flip.ready()
  const deciding = vi.spyOn(predecessor, 'deciding', 'get').mockReturnValue(true)
  void flip.stop('SIGTERM')
  expect(exit).not.toHaveBeenCalled()
  void flip.stop('SIGTERM')
  expect(exit).toHaveBeenCalledOnce()
  deciding.mockRestore()
  void flip.stop('SIGTERM')
  expect(await giving).toMatchObject({ type: 'committed' })
  await end()
})
