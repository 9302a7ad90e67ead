import { waitFor } from '@shellflip/testing'
import { afterAll, afterEach, expect, test } from 'vitest'
import { LoadProcess } from './load-process.mjs'
import { breakingServer } from './testing/breaking-server.mjs'

// The client of the bench, in its own process, on servers that break a known number of requests.

const load = new LoadProcess()
afterAll(() => load[Symbol.asyncDispose]())

const servers = []
afterEach(() => {
  for (const server of servers.splice(0)) server[Symbol.dispose]()
})

/** Begins a load on a server that treats its requests by `plan`. */
async function begin(plan, shape) {
  const server = await breakingServer(plan)
  servers.push(server)
  await load.start({ target: server.target, shape: { clients: 'requests', connections: 4, ...shape } })
}

/** The counts of a load that ends after `shape.requests`. */
async function countsOf(plan, shape) {
  await begin(plan, shape)
  await load.finished()
  const { ok, failures, reconnects, closedIdle, cut } = await load.stop()
  return { ok, failures, reconnects, closedIdle, cut }
}

const nothing = { failures: {}, reconnects: 0, closedIdle: 0, cut: 0 }
const every = (number, treatment) => (request) => (request % number === 0 ? treatment : 'answer')

test('a server that breaks nothing has zeros', async () => {
  expect(await countsOf(() => 'answer', { requests: 2_000 })).toEqual({ ok: 2_000, ...nothing })
})

test.each([
  ['reset', { reset: 20 }],
  ['close', { closed: 20 }],
])(
  'each connection that a server ends by "%s" is one failure and one reconnect',
  async (treatment, failures) => {
    // The client that has the last request does not connect again.
    const counts = await countsOf(every(50, treatment), { requests: 1_001, connections: 1 })
    expect(counts).toEqual({ ...nothing, ok: 981, failures, reconnects: 20 })
  },
)

test.each([
  ['wrong-status', { status: 20 }],
  ['wrong-body', { body: 20 }],
])('each answer with a %s is one failure, and the connection stays', async (treatment, failures) => {
  expect(await countsOf(every(50, treatment), { requests: 1_000 })).toEqual({ ...nothing, ok: 980, failures })
})

test('what is not HTTP is malformed, and the client reconnects', async () => {
  const counts = await countsOf(every(50, 'malformed'), { requests: 1_001, connections: 1 })
  expect(counts).toEqual({ ...nothing, ok: 981, failures: { malformed: 20 }, reconnects: 20 })
})

test('a server that no longer listens refuses each further connection', async () => {
  const counts = await countsOf((request) => (request === 60 ? 'refuse' : 'announce'), {
    requests: 100,
    connections: 1,
    keepAlive: false,
  })
  expect(counts).toEqual({ ...nothing, ok: 60, failures: { refused: 40 } })
})

test('an announced close is a reconnect, and not a failure', async () => {
  const counts = await countsOf(every(50, 'announce'), { requests: 1_001, connections: 1 })
  expect(counts).toEqual({ ...nothing, ok: 1_001, reconnects: 20 })
})

test('a close between two requests is counted apart', async () => {
  const shape = { requests: 41, connections: 1, thinkMs: 5 }
  const counts = await countsOf(every(10, 'answer-and-close'), shape)
  expect(counts).toEqual({ ...nothing, ok: 41, reconnects: 4, closedIdle: 4 })
})

test('all requests of a pipeline fail with its connection', async () => {
  const shape = { requests: 800, connections: 1, depth: 8 }
  const counts = await countsOf(
    (request) => (request <= 8 ? (request === 8 ? 'reset' : 'hang') : 'answer'),
    shape,
  )
  expect(counts).toEqual({ ...nothing, ok: 792, failures: { reset: 8 }, reconnects: 1 })
})

test('requests without an answer at the end are hanging', async () => {
  await begin((request) => (request > 20 ? 'hang' : 'answer'), { connections: 5 })
  await load.finished(100)
  const { ok, failures } = await load.stop(100)
  expect({ ok, failures }).toEqual({ ok: 20, failures: { hanging: 5 } })
})

test('the longest gap is as long as the server was silent', async () => {
  const silentMs = 300
  const silence = (request) =>
    request === 500 ? new Promise((resolve) => setTimeout(resolve, silentMs, 'answer')) : 'answer'
  const startedAt = performance.now()
  await begin(silence, { connections: 1, requests: 1_000 })
  await load.finished()
  const { longestGapMs } = await load.stop()
  expect(longestGapMs).toBeGreaterThan(silentMs - 2)
  expect(longestGapMs).toBeLessThan(performance.now() - startedAt)
})

test('segments split the counts, and a generation has the times of its answers', async () => {
  await begin(() => 'answer', { connections: 2, requests: 200, thinkMs: 1 })
  await waitFor(async () => (await load.ids()).length > 0)
  const first = await load.cut()
  await load.finished()
  const second = await load.stop()
  expect(first.ok + second.ok).toBe(200)
  expect(second.ok).toBeGreaterThan(0)
  const [[id, { firstAt, lastAt }]] = await load.ids()
  expect(id).toBe('1')
  expect(lastAt).toBeGreaterThan(firstAt)
})
