import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { freePort, waitFor } from '@shellflip/testing'
import { graceMs } from './support/grace.mjs'
import { migrateRequests, prepareMigration } from './support/migrate-requests.mjs'
import { ProcessTree } from './support/process-tree.mjs'
import { startedPeer } from './support/started-peer.mjs'

const app = fileURLToPath(new URL('reuseport/app.mjs', import.meta.url))

/** Two processes listen on one port for a moment: the new one until it is ready, then the old one gets SIGTERM. */
function start({ drain, isMigrating = false }) {
  return async ({ folder, shape, cert, key }) => {
    const port = await freePort('127.0.0.1')
    const tls = shape === 'T'
    const migration = isMigrating ? [migrateRequests()] : []
    const env = { PORT: String(port), DRAIN: drain, ...(tls && { CERT: cert, KEY: key }) }
    let starts = 0
    const next = () => ({ READY_FILE: join(folder, `ready-${++starts}`) })
    const first = next()
    const tree = await ProcessTree.start(process.execPath, [app], { folder, env: { ...env, ...first } })
    let serving = tree.mainPid
    return startedPeer(
      {
        target: { host: '127.0.0.1', port },
        tls,
        pids: () => tree.pids(),
        async reload() {
          const old = serving
          const { READY_FILE } = next()
          serving = await tree.run(process.execPath, [app], { READY_FILE })
          await waitFor(() => existsSync(READY_FILE), { what: 'the new process' })
          process.kill(old, 'SIGTERM')
        },
      },
      [tree, ...migration],
    )
  }
}

const peer = {
  title: 'SO_REUSEPORT, new and old process (Node)',
  shapes: { K: true, P: true, N: true, L: true, LW: true, S: true, T: true },
  graceMs,
  async prepare() {},
  version: async () => process.version,
}
const migrating = {
  ...peer,
  title: 'SO_REUSEPORT, net.ipv4.tcp_migrate_req=1 (Node)',
  prepare: prepareMigration,
}

export default [
  {
    ...peer,
    name: 'reuseport-default',
    configuration: 'default',
    settings: 'the old process calls server.close() on SIGTERM',
    start: start({ drain: 'close' }),
  },
  {
    ...peer,
    name: 'reuseport',
    configuration: 'best',
    settings: 'the old process answers Connection: close, and ends idle connections after 500 ms',
    start: start({ drain: 'drain' }),
  },
  {
    ...migrating,
    name: 'reuseport-migrate-default',
    configuration: 'default',
    settings: 'as reuseport-default, and the kernel moves queued connections to the other process',
    start: start({ drain: 'close', isMigrating: true }),
  },
  {
    ...migrating,
    name: 'reuseport-migrate',
    configuration: 'best',
    settings: 'as reuseport, and the kernel moves queued connections to the other process',
    start: start({ drain: 'drain', isMigrating: true }),
  },
]
