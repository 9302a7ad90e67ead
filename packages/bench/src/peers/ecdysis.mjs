import { join } from 'node:path'
import { buildRust, compiledService, exactCrate } from './support/compiled.mjs'
import { graceMs } from './support/grace.mjs'
import { ProcessTree } from './support/process-tree.mjs'
import { signalUpgrade } from './support/signal-upgrade.mjs'
import { startedPeer } from './support/started-peer.mjs'

let programs

function start(drain) {
  return async ({ folder, ...options }) => {
    const { env, ...service } = await compiledService({ ...options, drain })
    const pidFile = join(folder, 'ecdysis.pid')
    const tree = await ProcessTree.start(join(programs, 'ecdysis'), [], {
      folder,
      env: { ...env, PID_FILE: pidFile },
    })
    return startedPeer({ ...service, pids: () => tree.pids(), reload: signalUpgrade(pidFile) }, [tree])
  }
}

const peer = {
  title: 'ecdysis (Rust)',
  shapes: { K: true, P: true, N: true, L: true, LW: true, S: true, T: true },
  graceMs,
  async prepare(place) {
    programs = await buildRust(place)
  },
  version: async () => exactCrate('ecdysis'),
}

export default [
  {
    ...peer,
    name: 'ecdysis-default',
    configuration: 'default',
    settings: `SIGHUP. The old process calls graceful_shutdown of hyper, for ${graceMs} ms at most`,
    start: start(),
  },
  {
    ...peer,
    name: 'ecdysis',
    configuration: 'best',
    settings: 'as ecdysis-default, after 500 ms in which the old process answers Connection: close',
    start: start('drain'),
  },
]
