import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { freePort } from '@shellflip/testing'
import { cached } from './support/cached.mjs'
import { graceMs } from './support/grace.mjs'
import { ProcessTree } from './support/process-tree.mjs'
import { prepareWith, runCommand } from './support/run-command.mjs'
import { startedPeer } from './support/started-peer.mjs'

const release = '7.0.4'
const shapes = { K: true, P: true, N: true, L: true, LW: true, S: true, T: true }
const app = fileURLToPath(new URL('pm2/app.mjs', import.meta.url))
let pm2

async function prepare(place) {
  const folder = await cached(place, `pm2-${release}`, (into) =>
    prepareWith('npm', ['install', '--prefix', into, '--no-audit', '--no-fund', `pm2@${release}`], {
      cwd: into,
    }),
  )
  pm2 = join(folder, 'node_modules/pm2/bin/pm2')
}

function start({ drain, ...options }) {
  return async ({ folder, shape, cert, key }) => {
    const port = await freePort('127.0.0.1')
    const tls = shape === 'T'
    const env = { PORT: port, DRAIN: drain, ...(tls && { CERT: cert, KEY: key }) }
    const ecosystem = join(folder, 'ecosystem.config.json')
    const application = { name: 'bench', script: app, instances: 1, exec_mode: 'cluster', env, ...options }
    writeFileSync(ecosystem, JSON.stringify({ apps: [application] }))
    const home = { PM2_HOME: join(folder, 'pm2') }
    const tree = await ProcessTree.start(process.execPath, [pm2, 'start', ecosystem], { folder, env: home })
    return startedPeer(
      {
        target: { host: '127.0.0.1', port },
        tls,
        pids: () => tree.pids(),
        get supervisorPid() {
          return Number(readFileSync(join(folder, 'pm2/pm2.pid'), 'utf8'))
        },
        reload: () => runCommand(process.execPath, [pm2, 'reload', 'bench'], { env: home, cwd: folder }),
      },
      [tree],
    )
  }
}

const peer = { title: 'pm2 reload', shapes, graceMs, prepare, version: async () => release }

export default [
  {
    ...peer,
    name: 'pm2-default',
    configuration: 'default',
    settings: 'cluster mode, one process, an application without a handler of SIGINT',
    start: start({}),
  },
  {
    ...peer,
    name: 'pm2-close',
    configuration: 'best',
    settings: `wait_ready, kill_timeout ${graceMs + 1_000} ms, server.close() on SIGINT`,
    start: start({ drain: 'close', wait_ready: true, listen_timeout: 10_000, kill_timeout: graceMs + 1_000 }),
  },
  {
    ...peer,
    name: 'pm2-drain',
    title: 'pm2 reload, Connection: close',
    configuration: 'best',
    settings:
      'as pm2-close, with Connection: close on the last answers and 500 ms before idle connections end',
    start: start({ drain: 'drain', wait_ready: true, listen_timeout: 10_000, kill_timeout: graceMs + 1_000 }),
  },
]
