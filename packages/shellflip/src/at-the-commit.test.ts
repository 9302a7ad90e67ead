import { existsSync } from 'node:fs'
import { createServer } from 'node:http'
import { listenUnix } from '@shellflip/fd-passing'
import { giveHandover, HandoverChannel } from '@shellflip/handover'
import { temporaryFolder } from '@shellflip/testing'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { Flip, type FlipParts } from './flip.ts'
import { normalizeOptions } from './flip-options.ts'
import type { UpgradeOutcome } from './outcome.ts'
import { HandedOver } from './predecessor/handed-over.ts'
import { RestartSocket } from './restart-socket/restart-socket.ts'
import { kinds } from './socket-key.ts'

// What ends a process that does not end by itself: here it would be the test's.
vi.spyOn(process, 'exit').mockImplementation((() => {}) as typeof process.exit)
afterEach(() => {
  process.exitCode = undefined
})

/** A manager that is told things, and no older generation. */
function surroundings() {
  const told: string[] = []
  const say = (word: string) => async () => void told.push(word)
  const manager = { environment: {}, serving: say('READY'), stopping: say('STOPPING'), close() {} }
  return {
    told,
    manager,
    older: { count: 0, pids: [], offered: () => [], leave: () => new Promise(() => {}) },
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
  const keys = [`${kinds.bound}unix:${paths.wanted}`, `${kinds.bound}unix:${paths.unwanted}`, kinds.control]
  const sockets = listeners.map((fd, index) => ({ name: keys[index] as string, fd }))
  const giving = giveHandover(channel, { version: '1', sockets })
  const predecessor = await HandedOver.open(HandoverChannel.adopt(remote), undefined, 5_000)
  const { told, manager, older } = surroundings()
  const flip = new Flip<unknown>({
    options: normalizeOptions({ controlSocket: paths.control, pidFile, drainDeadlineMs: 5_000 }),
    predecessor,
    manager,
    older,
    state: undefined,
    emit() {},
    attempt() {},
  } as unknown as FlipParts)
  const options = { path: paths.control, restart: () => flip.upgrade(), onEvent() {} }
  flip.attach(await RestartSocket.open(options, predecessor))
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

const moments: [string, (successor: Successor, stop: () => void) => void][] = [
  [
    'heard "commit"',
    ({ predecessor }, stop) => {
      const ready = predecessor.ready.bind(predecessor)
      vi.spyOn(predecessor, 'ready').mockImplementation(async () => {
        const state = await ready()
        stop()
        return state
      })
    },
  ],
  ['begun to accept', ({ server }, stop) => void server.once('listening', stop)],
]

describe('a successor that is stopped when it has just', () => {
  test.each(moments)('%s is the owner: it drains, and leaves nothing behind', async (_, atThat) => {
    const stopped = await successor()
    using _folder = stopped.folder
    const { giving, flip, told, end, left } = stopped
    atThat(stopped, () => flip.stop('SIGTERM'))
    await expect(flip.ready()).rejects.toMatchObject({ code: 'ERR_STOPPED' })
    expect(await giving).toMatchObject({ type: 'committed' })
    expect(await end()).toMatchObject({ type: 'stopped', reason: 'SIGTERM' })
    expect(left()).toEqual([])
    expect(told).toEqual(['STOPPING'])
  })

  test('said "ready" is not: all of it stays with its predecessor', async () => {
    const stopped = await successor()
    using _folder = stopped.folder
    const { predecessor, giving, flip, told, end, left } = stopped
    const ready = predecessor.ready.bind(predecessor)
    vi.spyOn(predecessor, 'ready').mockImplementation(() => {
      const readying = ready()
      flip.stop('SIGTERM')
      return readying
    })
    await expect(flip.ready()).rejects.toMatchObject({ code: 'ERR_STOPPED' })
    expect(await giving).toMatchObject({ type: 'failed', failure: { type: 'refused' } })
    expect(left()).toHaveLength(3)
    expect(await end()).toMatchObject({ type: 'stopped', reason: 'SIGTERM' })
    expect(left()).toHaveLength(3)
    expect(told, 'the service goes on').toEqual([])
  })
})

test.each(moments)('who is asked for an upgrade when it has just %s is not ready', async (_, atThat) => {
  const asked = await successor()
  using _folder = asked.folder
  const { flip, end, left } = asked
  let outcome: Promise<UpgradeOutcome> | undefined
  atThat(asked, () => {
    outcome = flip.upgrade()
  })
  await flip.ready()
  expect(await outcome).toMatchObject({ type: 'refused', reason: 'not-ready' })
  flip.stop('SIGTERM')
  await end()
  expect(left()).toEqual([])
})
