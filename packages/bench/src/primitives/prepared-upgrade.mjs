import { once } from 'node:events'
import { cpSync, existsSync, mkdirSync, realpathSync, renameSync, symlinkSync } from 'node:fs'
import { get } from 'node:http'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { ask } from '@shellflip/control-socket'
import { childrenOf, temporaryFolder, waitFor } from '@shellflip/testing'
import { shellflipProtocol } from 'shellflip/rust'
import { environment, median, memoryOf, startNode } from '../measure.mjs'

const rounds = 11
const published = [
  'shellflip',
  'control-socket',
  'fd-passing',
  'fd-store',
  'handover',
  'launcher',
  'listeners',
  'sd-notify',
  'shutdown-coordination',
  'state-serialization',
  'upgrade-lock',
  'upgrader',
]
const service = fileURLToPath(new URL('processes/prepared-service.mjs', import.meta.url))

/**
 * Upgrades of one service, from the request until the successor answers: with a prepared successor and without one, beside a plain start
 * of the same service until it answers. `release`: each upgrade finds the program and its node_modules in a new folder.
 */
export async function preparedUpgrade() {
  const folder = temporaryFolder('bench-')
  makeReleases(folder.join())
  const times = { start: [], fresh: [], prepared: [], release: [] }
  const memory = []
  for (let round = 0; round <= rounds; round++) {
    const note = (what, ms) => round > 0 && times[what].push(ms)
    for (const what of ['fresh', 'prepared', 'release']) {
      const run = await startService(folder.join(), `${round}-${what}`, what)
      note('start', run.startMs)
      if (what !== 'fresh') memory.push(memoryOf(await run.prepared()))
      if (what === 'release') run.deploy()
      note(what, await run.upgrade())
    }
  }
  folder[Symbol.dispose]()
  const starts = median(times.start)
  const row = (what, ours) => ({
    what,
    ours,
    peer: starts,
    unit: 'ms',
    peerIs: 'a plain start until it answers',
  })
  return [
    row('an upgrade, from the request until the successor answers', median(times.fresh)),
    row('an upgrade to a prepared successor', median(times.prepared)),
    row('an upgrade to a prepared successor, all files in a new folder', median(times.release)),
    {
      what: 'RSS of a process that waits for the upgrade',
      ours: median(memory.map(({ rss }) => rss)),
      peer: median(memory.map(({ pss }) => pss)),
      unit: 'MB',
      peerIs: 'its PSS',
    },
  ]
}

/** Makes two folders with the program and copies of all packages, as two deploys leave them. */
function makeReleases(folder) {
  const require = createRequire(import.meta.url)
  const packages = dirname(dirname(realpathSync(require.resolve('shellflip/package.json'))))
  const zod = dirname(createRequire(join(packages, 'shellflip/package.json')).resolve('zod/package.json'))
  for (const name of ['release-1', 'release-2']) {
    const modules = join(folder, name, 'node_modules')
    for (const id of published) {
      const target = join(modules, id === 'shellflip' ? id : `@shellflip/${id}`)
      for (const part of ['package.json', 'dist', 'prebuilds', 'native']) {
        const source = join(packages, id, part)
        if (existsSync(source)) cpSync(source, join(target, part), { recursive: true })
      }
    }
    cpSync(realpathSync(zod), join(modules, 'zod'), { recursive: true })
    cpSync(service, join(folder, name, 'service.mjs'))
  }
}

/** One service, which ends with its one upgrade. */
async function startService(folder, name, what) {
  const place = join(folder, name)
  mkdirSync(place)
  symlinkSync('../release-1', join(place, 'current'))
  const path = join(place, 'control/restart.sock')
  const startedAt = performance.now()
  const child = startNode([join(place, 'current/service.mjs')], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...environment, CONTROL_SOCKET: path, PREPARE: what === 'fresh' ? '0' : '1' },
  })
  const lines = []
  createInterface({ input: child.stdout }).on('line', (line) => lines.push(line))
  const portLine = () => lines.find((line) => line.startsWith('port '))
  while (portLine() === undefined) await once(child.stdout, 'data')
  const port = Number(portLine().slice('port '.length))
  await answer(port)
  const startMs = performance.now() - startedAt
  return {
    startMs,
    async prepared() {
      await waitFor(() => lines.includes('prepared'))
      return childrenOf(child.pid)[0]
    },
    deploy() {
      symlinkSync('../release-2', join(place, 'next'))
      renameSync(join(place, 'next'), join(place, 'current'))
    },
    async upgrade() {
      const requestedAt = performance.now()
      const restarted = ask({ path, protocol: shellflipProtocol, request: { Request: 'TryRestart' } })
      while ((await answer(port)) === child.pid);
      const ms = performance.now() - requestedAt
      const { Response } = await restarted
      if (!('RestartComplete' in Response)) throw new Error(Response.RestartFailed)
      process.kill(Response.RestartComplete, 'SIGTERM')
      await waitFor(() => child.exitCode !== null && child.stdout.closed)
      return ms
    },
  }
}

/** Requests the pid that serves, on a new connection. */
function answer(port) {
  return new Promise((resolve, reject) => {
    get({ host: '127.0.0.1', port, agent: false }, (response) => {
      text(response).then((body) => resolve(Number(body)), reject)
    }).once('error', reject)
  })
}
