import { once } from 'node:events'
import { connect, createServer } from 'node:net'
import { listenTcp, listenUnix, type OwnedFd, pipe, serverFrom } from '@shellflip/fd-passing'
import { defineState, defineStateStream } from '@shellflip/state-serialization'
import { temporaryFolder } from '@shellflip/testing'
import { UpgradeLock } from '@shellflip/upgrade-lock'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { giveHandover } from './give-handover.ts'
import { takeOver } from './take-over.ts'
import type { Takeover } from './takeover.ts'
import { connected, fdCensus } from './testing/connected.ts'

const Sessions = defineState({ name: 'sessions', version: 1, schema: z.map(z.string(), z.int()) })
const sessions = new Map([
  ['ada', 1],
  ['alan', 2],
])
const nothing = { version: '1', sockets: [] }

const listen = () => listenTcp({ host: '127.0.0.1', port: 0 })

/** Returns what the process that accepts on this listener sends to a client. */
async function answerOn(fd: OwnedFd): Promise<string> {
  const server = await serverFrom(
    fd,
    createServer((socket) => socket.end('hello')),
  )
  const client = connect(server.address() as { port: number })
  const [data] = await once(client, 'data')
  client.destroy()
  server.close()
  await once(server, 'close')
  return String(data)
}

describe('a handover', () => {
  test('gives sockets by name, state and lock, and commits when the successor is ready', async () => {
    using folder = temporaryFolder()
    const census = fdCensus()
    {
      using http = listen()
      using admin = listenUnix({ path: folder.join('admin.sock') })
      using ends = connected()
      const lockPath = folder.join('upgrade.lock')
      const locking = UpgradeLock.tryAcquire({ path: lockPath })
      if (locking.type !== 'acquired') throw new Error('the lock is held')
      const giving = giveHandover(ends.predecessor, {
        version: '1.2.3',
        sockets: [
          { name: 'http', fd: http },
          { name: 'admin', fd: admin },
        ],
        state: { definition: Sessions, value: sessions },
        lock: locking.lock.fd,
      })
      using takeover = await takeOver(ends.successor, { states: [Sessions] })
      expect(takeover.predecessor).toEqual({ pid: process.pid, version: '1.2.3' })
      expect(takeover.sockets).toEqual([
        { name: 'http', address: expect.objectContaining({ family: 'IPv4', address: '127.0.0.1' }) },
        { name: 'admin', address: { family: 'unix', path: folder.join('admin.sock') } },
      ])
      expect(await takeover.state(Sessions)).toEqual(sessions)
      using lock = UpgradeLock.adopt(takeover.lock() as OwnedFd, { path: lockPath })
      locking.lock.leave()
      expect(takeover.socket('https')).toBeUndefined()
      const taken = takeover.socket('http') as OwnedFd
      http.close()
      expect(await answerOn(taken)).toBe('hello')

      expect(await takeover.ready()).toEqual({ predecessor: 'draining' })
      expect(await giving).toEqual({
        type: 'committed',
        successor: { pid: process.pid },
        elapsedMs: expect.any(Number),
      })
      expect(UpgradeLock.tryAcquire({ path: lockPath }).type).toBe('held')
      lock.release()
      ends.predecessor.close()
      await takeover.predecessorGone
    }
    await census.isBalanced()
  })

  test('of nothing is possible', async () => {
    using ends = connected()
    const giving = giveHandover(ends.predecessor, nothing)
    using takeover = await takeOver(ends.successor)
    expect(await takeover.state(Sessions)).toBeUndefined()
    expect(await takeover.ready()).toEqual({ predecessor: 'draining' })
    expect(await giving).toMatchObject({ type: 'committed' })
  })

  test('gives several sockets of one name in their order, 300 descriptors, and one that is not a socket', async () => {
    const census = fdCensus()
    {
      using ends = connected()
      const { reader, writer } = pipe()
      const listeners = [listen(), listen()]
      const many = Array.from({ length: 298 }, () => reader.dup())
      const sockets = [...listeners, ...many].map((fd, index) => ({ name: index < 2 ? 'http' : 'pipe', fd }))
      const giving = giveHandover(ends.predecessor, { version: '1', sockets })
      using takeover = await takeOver(ends.successor)
      for (const fd of [...listeners, ...many, reader, writer]) fd.close()
      expect(takeover.sockets).toHaveLength(300)
      expect(takeover.sockets[2]).toEqual({ name: 'pipe', address: null })
      for (const _ of listeners) expect(await answerOn(takeover.socket('http') as OwnedFd)).toBe('hello')
      expect(takeover.socket('http')).toBeUndefined()
      await takeover.ready()
      await giving
      expect(takeover.socket('pipe')).toBeUndefined()
    }
    await census.isBalanced()
  })

  test('streams items that are encoded as they are read', async () => {
    const Numbers = defineStateStream({ name: 'numbers', version: 1, schema: z.int() })
    using ends = connected()
    const giving = giveHandover(ends.predecessor, {
      ...nothing,
      state: { definition: Numbers, items: [1, 2, 3] },
    })
    using takeover = await takeOver(ends.successor, { states: [Numbers] })
    const found: number[] = []
    for await (const number of takeover.items(Numbers)) found.push(number)
    await takeover.ready()
    expect(found).toEqual([1, 2, 3])
    expect(await giving).toMatchObject({ type: 'committed' })
  })
})

describe('state of another version', () => {
  const V1 = defineState({ name: 'count', version: 1, schema: z.int() })
  const V2 = defineState({
    name: 'count',
    version: 2,
    schema: z.object({ count: z.int() }),
    migrations: { 1: (count) => ({ count }) },
    down: { 2: ({ count }) => count },
  })
  const OneWay = defineState({ name: 'count', version: 3, schema: z.int() })

  test('is migrated by a newer successor', async () => {
    using ends = connected()
    const giving = giveHandover(ends.predecessor, { ...nothing, state: { definition: V1, value: 7 } })
    using takeover = await takeOver(ends.successor, { states: [V2] })
    expect(takeover.offeredState).toEqual({ name: 'count', version: 1 })
    expect(await takeover.state(V2)).toEqual({ count: 7 })
    await takeover.ready()
    expect(await giving).toMatchObject({ type: 'committed' })
  })

  test('is written for an older successor by the down migrations', async () => {
    using ends = connected()
    const giving = giveHandover(ends.predecessor, {
      ...nothing,
      state: { definition: V2, value: { count: 7 } },
    })
    using takeover = await takeOver(ends.successor, { states: [V1] })
    expect(takeover.offeredState).toEqual({ name: 'count', version: 1 })
    expect(await takeover.state(V1)).toBe(7)
    await takeover.ready()
    expect(await giving).toMatchObject({ type: 'committed' })
  })

  test.each([
    ['cannot be written for an older one without', [V1], /Add a down migration from version 3/],
    [
      'is not given to a successor that knows none of this name',
      [Sessions],
      /does not define the state "count"/,
    ],
  ])('%s', async (_, states, message) => {
    using ends = connected()
    const giving = giveHandover(ends.predecessor, { ...nothing, state: { definition: OneWay, value: 7 } })
    await expect(takeOver(ends.successor, { states })).rejects.toMatchObject({ code: 'ERR_REFUSED', message })
    expect(await giving).toMatchObject({
      type: 'failed',
      failure: { type: 'state', error: { message: expect.stringMatching(message) } },
    })
  })

  test('that the schema of the successor rejects is refused with the reason', async () => {
    const Strict = defineState({ name: 'count', version: 1, schema: z.int().max(5) })
    const census = fdCensus()
    {
      using ends = connected()
      using fd = listen()
      const giving = giveHandover(ends.predecessor, {
        version: '1',
        sockets: [{ name: 'http', fd }],
        state: { definition: V1, value: 7 },
      })
      using takeover = await takeOver(ends.successor, { states: [Strict] })
      await expect(takeover.state(Strict)).rejects.toMatchObject({
        code: 'ERR_STATE',
        cause: { code: 'ERR_STATE_INVALID' },
      })
      expect(await giving).toMatchObject({
        type: 'failed',
        failure: { type: 'refused', reason: expect.stringContaining('is refused by its schema') },
      })
      await expect(takeover.ready()).rejects.toMatchObject({ code: 'ERR_OUT_OF_TURN' })
    }
    await census.isBalanced()
  })

  test('that the predecessor cannot encode fails, at once or amid the items', async () => {
    using ends = connected()
    const wrong = { definition: V1, value: 'seven' as unknown as number }
    const giving = giveHandover(ends.predecessor, { ...nothing, state: wrong })
    await expect(takeOver(ends.successor, { states: [V1] })).rejects.toMatchObject({ code: 'ERR_REFUSED' })
    expect(await giving).toMatchObject({ failure: { type: 'state', error: { code: 'ERR_STATE_INVALID' } } })

    const Items = defineStateStream({ name: 'items', version: 1, schema: z.any() })
    async function* failing() {
      yield Buffer.alloc(1_000_000)
      throw new RangeError('the database is gone')
    }
    using others = connected()
    const streaming = giveHandover(others.predecessor, {
      ...nothing,
      state: { definition: Items, items: failing() },
    })
    using takeover = await takeOver(others.successor, { states: [Items] })
    const reading = async () => {
      for await (const _ of takeover.items(Items));
    }
    await expect(reading()).rejects.toMatchObject({ code: 'ERR_REFUSED', message: /the database is gone/ })
    expect(await streaming).toMatchObject({ failure: { type: 'state', error: expect.any(RangeError) } })
  })
})

describe('a successor', () => {
  async function underWay(ends: ReturnType<typeof connected>): Promise<[Takeover, Promise<unknown>]> {
    using fd = listen()
    const giving = giveHandover(ends.predecessor, {
      version: '1',
      sockets: [{ name: 'http', fd }],
      state: { definition: Sessions, value: sessions },
    })
    return [await takeOver(ends.successor, { states: [Sessions] }), giving]
  }

  test('that refuses gives its reason, and leaves nothing', async () => {
    const census = fdCensus()
    using ends = connected()
    const [takeover, giving] = await underWay(ends)
    takeover.refuse('the port is taken')
    takeover.refuse('twice')
    takeover.close()
    expect(await giving).toMatchObject({
      type: 'failed',
      failure: { type: 'refused', reason: 'the port is taken' },
    })
    expect(takeover.socket('http')).toBeUndefined()
    await census.isBalanced()
  })

  test('that waits for a state which never ends is not blamed for it', async () => {
    using ends = connected()
    const definition = defineStateStream({ name: 'endless', version: 1, schema: z.int() })
    async function* items() {
      yield 1
      await new Promise(() => {})
    }
    let isAskedFor = false
    const state = {
      definition,
      get items() {
        isAskedFor = true
        return items()
      },
    }
    const giving = giveHandover(ends.predecessor, { ...nothing, state }, { readyTimeoutMs: 100 })
    expect(isAskedFor).toBe(false)
    using takeover = await takeOver(ends.successor, { states: [definition] })
    expect(isAskedFor).toBe(true)
    expect(await giving).toMatchObject({ failure: { type: 'not-ready', reached: 'state' } })
    expect(takeover.hasReadState).toBe(false)
  })

  test('that is ready too late learns it, and does not serve beside its predecessor', async () => {
    const census = fdCensus()
    using ends = connected()
    const giving = giveHandover(ends.predecessor, nothing, { readyTimeoutMs: 50 })
    using takeover = await takeOver(ends.successor)
    expect(await giving).toMatchObject({ type: 'failed', failure: { type: 'not-ready', reached: 'hello' } })
    ends.predecessor.close()
    await expect(takeover.ready()).rejects.toMatchObject({
      code: 'ERR_REFUSED',
      message: /not ready within 50 ms/,
    })
    await census.isBalanced()
  })

  test('cannot be ready before it has read the state, or twice, or read it twice', async () => {
    using ends = connected()
    const [takeover, giving] = await underWay(ends)
    const outOfTurn = (message: string) => ({ code: 'ERR_OUT_OF_TURN', message })
    await expect(takeover.ready()).rejects.toMatchObject(
      outOfTurn('the state was not read to its end. Read it by state() or items() before you call ready().'),
    )
    await takeover.state(Sessions)
    await expect(takeover.state(Sessions)).rejects.toMatchObject(
      outOfTurn('the state was read before. Read it once.'),
    )
    await takeover.ready()
    await expect(takeover.ready()).rejects.toMatchObject(
      outOfTurn('cannot call ready(): this process serves.'),
    )
    expect(await giving).toMatchObject({ type: 'committed' })
    takeover.close()
  })
})

describe('an offer', () => {
  test('of a closed descriptor fails, and both ends get the reason', async () => {
    using ends = connected()
    const fd = listen()
    fd.close()
    const giving = giveHandover(ends.predecessor, { version: '1', sockets: [{ name: 'http', fd }] })
    await expect(giving).rejects.toMatchObject({ code: 'ERR_INVALID_ARGUMENT', message: /"http" is closed/ })
    await expect(takeOver(ends.successor)).rejects.toMatchObject({ code: 'ERR_REFUSED' })
  })
})
