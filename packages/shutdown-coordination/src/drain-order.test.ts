import http, { type ServerResponse } from 'node:http'
import { waitFor } from '@shellflip/testing'
import { afterEach, describe, expect, test } from 'vitest'
import { ShutdownCoordinator } from './index.ts'
import { listening, RawClient } from './testing/raw-client.ts'

const scope: Disposable[] = []

afterEach(() => {
  for (const each of scope.splice(0).reverse()) each[Symbol.dispose]()
})

/** Records the order in which work begins and ends. */
function journal() {
  const entries: string[] = []
  const work = (name: string) => async () => {
    entries.push(`${name} begins`)
    await new Promise(setImmediate)
    entries.push(`${name} ends`)
  }
  return { entries, work }
}

/** A coordinator with a server that holds each request until the test answers it, and one request under way. */
async function withRequest(drainTimeoutMs = 20_000) {
  const coordinator = new ShutdownCoordinator({ drainTimeoutMs })
  const held: ServerResponse[] = []
  const server = http.createServer((_request, response) => held.push(response))
  coordinator.watch(server, { name: 'web' })
  const { port, ...listener } = await listening(server)
  const client = await RawClient.connect(port)
  scope.push(listener, client)
  client.get('/')
  const response = await waitFor(() => held[0])
  return { coordinator, server, client, response }
}

describe('work after the servers', () => {
  test('begins when the last request is answered and its connection closed', async () => {
    const { coordinator, client, response } = await withRequest()
    let database = 'open'
    const close = async () => {
      database = 'closed'
    }
    coordinator.onDrain('database', close, { after: 'servers' })
    const done = coordinator.shutdown()
    await new Promise(setImmediate)
    response.end(`database ${database}`)
    expect(await client.answer(/database open$/)).toMatch(/^HTTP\/1\.1 200/)
    expect(await done).toMatchObject({ clean: true })
    expect(database).toBe('closed')
  })

  test('waits for each of them', async () => {
    const { coordinator, response } = await withRequest()
    const other = http.createServer()
    coordinator.watch(other, { keepAcceptingMs: 50 })
    scope.push(await listening(other))
    const { entries, work } = journal()
    coordinator.onDrain('database', work('database'), { after: 'servers' })
    const done = coordinator.shutdown()
    response.end()
    await waitFor(() => entries.length > 0)
    expect(other.listening).toBe(false)
    await done
  })

  test('has time of its own when a request takes until the deadline', async () => {
    const { coordinator, client } = await withRequest(200)
    let isClosed = false
    coordinator.onDrain(
      'database',
      async ({ signal }) => {
        await new Promise((resolve) => setTimeout(resolve, 20))
        isClosed = !signal.aborted
      },
      { after: 'servers', reserveMs: 100 },
    )
    const report = await coordinator.shutdown()
    expect(report).toMatchObject({
      clean: false,
      unfinished: [],
      servers: [{ cut: [{ type: 'request', method: 'GET', url: '/' }] }],
    })
    expect(isClosed).toBe(true)
    expect(report.elapsedMs).toBeLessThan(190)
    await client.end()
  })

  test('takes at most half of the deadline from the work before it', async () => {
    const { coordinator } = await withRequest(100)
    coordinator.onDrain('database', async () => {}, { after: 'servers', reserveMs: 90_000 })
    const report = await coordinator.shutdown()
    expect(report.servers[0]?.cut).toHaveLength(1)
    expect(report.elapsedMs).toBeGreaterThanOrEqual(49)
  })

  test('is cut at the deadline of the whole, and named', async () => {
    const coordinator = new ShutdownCoordinator({ drainTimeoutMs: 40 })
    coordinator.watch(http.createServer())
    coordinator.onDrain('database', () => new Promise(() => {}), { after: 'servers' })
    const report = await coordinator.shutdown()
    expect(report).toMatchObject({ clean: false, unfinished: [{ name: 'database', weak: false }] })
  })

  test('begins immediately without a server, and when it is registered after they are over', async () => {
    const coordinator = new ShutdownCoordinator()
    using task = coordinator.task('task')
    const { entries, work } = journal()
    coordinator.onDrain('early', work('early'), { after: 'servers' })
    const done = coordinator.shutdown()
    coordinator.onDrain('late', work('late'), { after: 'servers' })
    task.done()
    await done
    expect(entries).toEqual(['early begins', 'late begins', 'early ends', 'late ends'])
  })

  test('begins when the last server is taken back', async () => {
    const { coordinator } = await withRequest()
    const server = coordinator.watch(http.createServer(), { name: 'other', keepAcceptingMs: 20_000 })
    const { entries, work } = journal()
    coordinator.onDrain('log', work('log'), { after: 'other' })
    void coordinator.shutdown()
    expect(entries).toEqual([])
    server.remove()
    await waitFor(() => entries.length === 2)
  })

  test('begins with a second stop, once, and with a signal that has aborted', async () => {
    const { coordinator, client } = await withRequest()
    const aborted: boolean[] = []
    coordinator.onDrain('database', async ({ signal }) => aborted.push(signal.aborted), { after: 'servers' })
    void coordinator.shutdown()
    expect(await coordinator.shutdownNow()).toMatchObject({ unfinished: [], servers: [{ cut: [{}] }] })
    expect(aborted).toEqual([true])
    await client.end()
  })

  test('that was taken back does not run', async () => {
    const { coordinator, response } = await withRequest()
    const { entries, work } = journal()
    const registration = coordinator.onDrain('database', work('database'), { after: 'servers' })
    const done = coordinator.shutdown()
    registration.remove()
    response.end()
    await done
    expect(entries).toEqual([])
  })
})

describe('several levels', () => {
  test('follow each other by name', async () => {
    const coordinator = new ShutdownCoordinator()
    const { entries, work } = journal()
    coordinator.onDrain('queue', work('queue'))
    coordinator.onDrain('database', work('database'), { after: ['servers', 'tasks', 'queue'] })
    coordinator.onDrain('telemetry', work('telemetry'), { after: 'database' })
    expect(await coordinator.shutdown()).toMatchObject({ clean: true })
    expect(entries).toEqual([
      'queue begins',
      'queue ends',
      'database begins',
      'database ends',
      'telemetry begins',
      'telemetry ends',
    ])
  })

  test('go on after one that fails', async () => {
    const coordinator = new ShutdownCoordinator()
    const broken = new Error('broken')
    const { entries, work } = journal()
    coordinator.onDrain('first', () => Promise.reject(broken))
    coordinator.onDrain('second', work('second'), { after: 'first' })
    expect(await coordinator.shutdown()).toMatchObject({
      clean: false,
      failed: [{ name: 'first', error: broken }],
    })
    expect(entries).toEqual(['second begins', 'second ends'])
  })

  test('go on after one that hangs, each with its part of the time', async () => {
    const coordinator = new ShutdownCoordinator({ drainTimeoutMs: 300 })
    const { entries, work } = journal()
    coordinator.onDrain('first', () => new Promise(() => {}))
    coordinator.onDrain('second', () => new Promise(() => {}), { after: 'first', reserveMs: 75 })
    coordinator.onDrain('third', work('third'), { after: 'second', reserveMs: 75 })
    const report = await coordinator.shutdown()
    expect(entries).toEqual(['third begins', 'third ends'])
    expect(report.unfinished.map(({ name }) => name)).toEqual(['first', 'second'])
  })

  test('run work once that other work registers or takes back', async () => {
    const coordinator = new ShutdownCoordinator()
    const { entries, work } = journal()
    coordinator.onDrain('first', async () => {
      gone.remove()
      coordinator.onDrain('late', work('late'), { after: 'first' })
    })
    coordinator.onDrain('second', work('second'))
    const gone = coordinator.onDrain('gone', work('gone'))
    expect(await coordinator.shutdown()).toMatchObject({ clean: true })
    expect(entries).toEqual(['second begins', 'late begins', 'second ends', 'late ends'])
  })

  test('leave work that nothing waits for until the deadline', async () => {
    const coordinator = new ShutdownCoordinator({ drainTimeoutMs: 60 })
    const codes: unknown[] = []
    const record = (signal: AbortSignal) =>
      new Promise<void>((resolve) => {
        signal.addEventListener('abort', () => {
          codes.push(signal === coordinator.deadline)
          resolve()
        })
      })
    coordinator.onDrain('free', ({ signal }) => record(signal))
    coordinator.onDrain('awaited', ({ signal }) => record(signal))
    coordinator.onDrain('last', async () => {}, { after: 'awaited', reserveMs: 30 })
    expect(await coordinator.shutdown()).toMatchObject({ clean: true })
    expect(codes).toEqual([false, true])
  })
})

test('what ends within a turn of the loop after the deadline is not unfinished', async () => {
  const coordinator = new ShutdownCoordinator({ drainTimeoutMs: 5 })
  coordinator.onDrain('queue', async ({ signal }) => {
    await new Promise((resolve) => signal.addEventListener('abort', resolve))
    await new Promise((resolve) => process.nextTick(resolve))
  })
  expect(await coordinator.shutdown()).toMatchObject({ clean: true, unfinished: [] })
})

describe('work after the tasks', () => {
  test('begins when the last strong one is done', async () => {
    const coordinator = new ShutdownCoordinator()
    using task = coordinator.task('import')
    using _weak = coordinator.task('ticker', { weak: true })
    const { entries, work } = journal()
    coordinator.onDrain('database', work('database'), { after: 'tasks' })
    const done = coordinator.shutdown()
    await new Promise(setImmediate)
    expect(entries).toEqual([])
    task.done()
    expect(await done).toMatchObject({ clean: true })
    expect(entries).toEqual(['database begins', 'database ends'])
  })

  test('has time of its own when a task never ends', async () => {
    const coordinator = new ShutdownCoordinator({ drainTimeoutMs: 100 })
    using _task = coordinator.task('stuck')
    const aborted: boolean[] = []
    coordinator.onDrain('database', async ({ signal }) => aborted.push(signal.aborted), {
      after: 'tasks',
      reserveMs: 50,
    })
    expect(await coordinator.shutdown()).toMatchObject({ unfinished: [{ name: 'stuck' }] })
    expect(aborted).toEqual([false])
  })
})

describe('what waits for each other', () => {
  test('is not a circle when a name is registered again', async () => {
    const coordinator = new ShutdownCoordinator()
    const { entries, work } = journal()
    const first = coordinator.onDrain('queue', work('first'))
    coordinator.onDrain('database', work('database'), { after: 'queue' })
    first.remove()
    coordinator.onDrain('queue', work('queue'), { after: 'database' })
    expect(await coordinator.shutdown()).toMatchObject({ clean: true })
    expect(entries).toEqual(['database begins', 'database ends', 'queue begins', 'queue ends'])
  })

  test.each([
    ['each for the one before', 3_000, (index: number) => [index - 1]],
    ['each for all before', 60, (index: number) => Array.from({ length: index }, (_, before) => before)],
  ])('may be much: %s', async (_, count, before) => {
    const coordinator = new ShutdownCoordinator()
    for (let index = 0; index < count; index++) {
      const after = before(index).flatMap((name) => (name < 0 ? [] : [`work ${name}`]))
      coordinator.onDrain(`work ${index}`, async () => {}, { after })
    }
    expect(await coordinator.shutdown()).toMatchObject({ clean: true, unfinished: [] })
  })
})
