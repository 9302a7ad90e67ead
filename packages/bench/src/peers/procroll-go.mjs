import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { cached } from './support/cached.mjs'
import { buildGo, compiledService } from './support/compiled.mjs'
import { graceMs } from './support/grace.mjs'
import { PeerUnavailable } from './support/peer-unavailable.mjs'
import { ProcessTree } from './support/process-tree.mjs'
import { prepareWith } from './support/run-command.mjs'
import { startedPeer } from './support/started-peer.mjs'

const release = '0.1.0'
const module = 'github.com/speijnik/procroll/cmd/procroll'
let supervisor
let programs

/** GO_PROCROLL names a program that somebody has built where the Go module proxy does not have the module. */
async function prepare(place) {
  programs = await buildGo(place)
  const { GO_PROCROLL } = process.env
  if (GO_PROCROLL !== undefined && !existsSync(GO_PROCROLL)) {
    throw new PeerUnavailable(`GO_PROCROLL names ${GO_PROCROLL}, which does not exist`)
  }
  supervisor = GO_PROCROLL ?? join(await install(place), 'procroll')
}

function install(place) {
  return cached(place, `procroll-go-${release}`, (into) =>
    prepareWith('go', ['install', `${module}@v${release}`], { env: { GOBIN: into } }),
  )
}

function start(drain, flags) {
  return async ({ folder, ...options }) => {
    const { env, ...service } = await compiledService({ ...options, drain })
    const args = ['run', ...flags, '--tempdir', folder, join(programs, 'reuseport')]
    const tree = await ProcessTree.start(supervisor, args, { folder, env })
    return startedPeer(
      {
        ...service,
        pids: () => tree.pids(),
        supervisorPid: tree.mainPid,
        reload: async () => process.kill(tree.mainPid, 'SIGHUP'),
      },
      [tree],
    )
  }
}

const peer = {
  title: 'procroll (Go), SO_REUSEPORT',
  shapes: { K: true, P: true, N: true, L: true, LW: true, S: true, T: true },
  graceMs,
  prepare,
  version: async () => release,
}

export default [
  {
    ...peer,
    name: 'procroll-go-default',
    configuration: 'default',
    settings: `SIGHUP. The Go service calls Shutdown of net/http on SIGTERM, for ${graceMs} ms at most`,
    start: start(undefined, []),
  },
  {
    ...peer,
    name: 'procroll-go',
    configuration: 'best',
    settings: 'as procroll-go-default, after 500 ms in which the old process answers Connection: close',
    start: start('drain', ['--shutdown-timeout', '10s']),
  },
]
