// An HTTP service that tests drive by FLIP_FOLDER: plan.json there says how it behaves (see flip-sandbox.ts), and
// events.jsonl there is where it reports.
import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { appendFileSync, readdirSync, readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { setTimeout as delay, setImmediate as turn } from 'node:timers/promises'
import { defineState, defineStateStream, shellflip } from 'shellflip'

const folder = process.env.FLIP_FOLDER
const plan = () => JSON.parse(readFileSync(`${folder}/plan.json`, 'utf8'))
const report = ({ pid: successor, ...event }) =>
  appendFileSync(`${folder}/events.jsonl`, `${JSON.stringify({ pid: process.pid, ...event, successor })}\n`)

/** Does what the plan says of this point, which is looked up when it is reached. */
async function at(point) {
  const planned = () => plan().at?.[point] ?? 'nothing'
  const [action, argument] = planned().split(' ')
  if (action === 'nothing') return
  if (action === 'fork') report({ type: 'grandchild', grandchild: spawnGrandchild() })
  report({ type: 'at', point })
  if (action === 'throw') throw new Error(`planned at ${point}`)
  if (action === 'exit' || action === 'fork') process.exit(Number(argument ?? 0))
  if (action === 'block') Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)
  while (planned() === 'stall') await delay(10)
}

/** Inherits every descriptor that is not closed on exec, and survives our process group. */
function spawnGrandchild() {
  const child = spawn('sleep', ['600'], { stdio: 'inherit', detached: true })
  child.unref()
  return child.pid
}

const born = { version: process.env.FLIP_RELEASE, ...plan() }

/** The state of the service: `visits`, in three versions and forms, or a stream of blocks. */
async function stateOptions() {
  if (born.state === undefined) return {}
  const { z } = await import('zod')
  const { form = 'value', name = 'visits', version = 1, down = false, reject = false, count = 0 } = born.state
  if (form === 'blocks') {
    const state = defineStateStream({ name, version, schema: z.instanceof(Buffer) })
    return { state, save: () => blocks(count) }
  }
  const visits = z.int().max(reject ? -1 : Number.MAX_SAFE_INTEGER)
  const versions = { 1: z.object({ visits }), 2: z.object({ seen: z.object({ visits }) }) }
  const state = defineState({
    name,
    version,
    schema: versions[version],
    ...(version === 1 ? {} : { migrations: { 1: (old) => ({ seen: old }) } }),
    ...(version === 1 || !down ? {} : { down: { 2: ({ seen }) => seen } }),
  })
  return { state, save: () => (version === 1 ? { visits: visited } : { seen: { visits: visited } }) }
}

function* blocks(count) {
  for (let index = 0; index < count; index++) yield Buffer.alloc(64 * 1024, `block ${index} `)
}

/** All that comes, to its end. */
async function readBlocks(items) {
  const digest = createHash('sha256')
  let count = 0
  for await (const block of items) {
    digest.update(block)
    count += 1
    if (count === 8) await at('amid-state')
  }
  report({ type: 'state-read', count, digest: digest.digest('hex') })
}

let visited = 0
const generation = Number(process.env.FLIP_GENERATION ?? 1)

async function main() {
  await at('before-shellflip')
  const flip = await shellflip({
    controlSocket: `${folder}/control/restart.sock`,
    pidFile: `${folder}/service.pid`,
    launcher: false,
    version: born.version,
    ...born.options,
    ...(await stateOptions()),
    successor: {
      get file() {
        return plan().successor?.file
      },
      env: { FLIP_GENERATION: String(generation + 1) },
    },
    onEvent: report,
    async beforeUpgrade() {
      report({ type: 'hook', hook: 'beforeUpgrade' })
      await at('hook')
    },
    upgradeFailed: ({ type }) => report({ type: 'hook', hook: 'upgradeFailed', failure: type }),
    upgraded: ({ pid }) => report({ type: 'hook', hook: 'upgraded', pid }),
  })
  void flip.predecessorExited.then(() => report({ type: 'alone' }))
  void flip.done.then((end) => report({ type: 'done', end }))
  if (born.state?.form === 'blocks') await readBlocks(flip.state ?? [])
  else visited = flip.state?.visits ?? flip.state?.seen?.visits ?? 0
  flip.coordinator.onDrain('planned', () => at('drain'))

  const routes = {
    '/': () => ({ pid: process.pid, version: born.version, visits: ++visited }),
    '/slow': () => at('slow'),
    '/cut': async (_, request) => {
      await at('slow')
      request.socket.destroy()
    },
    '/upgrade': () => flip.upgrade(),
    '/stop': () => flip.stop('asked'),
    '/grandchild': () => spawnGrandchild(),
    '/chdir': (to) => process.chdir(to),
    '/title': (to) => {
      process.title = to
    },
    '/census': census,
  }
  async function answer(request, response) {
    const { pathname, searchParams } = new URL(request.url, 'http://service')
    response.setHeader('connection', 'close').flushHeaders()
    response.end(JSON.stringify((await routes[pathname](searchParams.get('to'), request)) ?? null))
  }
  const { port } = await flip.listen(createServer(answer), { host: '127.0.0.1', port: 0, name: 'http' })
  await flip.listen(createServer(answer), { path: `${folder}/service.sock` })
  if (born.taken !== undefined) await flip.listen(createServer(), { host: '127.0.0.1', port: born.taken })

  await at('before-ready')
  const readying = flip.ready()
  if (born.tellsSaidReady)
    void turn()
      .then(() => turn())
      .then(() => report({ type: 'said-ready' }))
  await readying
  report({ type: 'serving', port, version: born.version })
  if (born.chain === undefined) return
  await flip.predecessorExited
  report({ type: 'census', generation, ...(await census()) })
  if (generation < born.chain) await flip.upgrade()
}

/** Counts what this process holds when its garbage has gone. */
async function census() {
  for (let round = 0; round < 5; round++) {
    globalThis.gc?.()
    await turn()
  }
  const { heapUsed, rss } = process.memoryUsage()
  const resources = process.getActiveResourcesInfo().filter((type) => type !== 'Immediate')
  return {
    fds: readdirSync('/proc/self/fd').length,
    resources: resources.sort().join(' '),
    listeners: process.eventNames().map((name) => `${String(name)} ${process.listenerCount(name)}`),
    environment: Object.keys(process.env).length,
    arguments: process.execArgv.length + process.argv.length,
    heapUsed,
    rss,
  }
}

main().catch((error) => {
  report({ type: 'failed', code: error.code, message: error.message })
  process.exit(1)
})
