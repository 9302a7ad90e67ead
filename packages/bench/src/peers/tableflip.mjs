import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { buildGo, compiledService } from './support/compiled.mjs'
import { graceMs } from './support/grace.mjs'
import { ProcessTree } from './support/process-tree.mjs'
import { signalUpgrade } from './support/signal-upgrade.mjs'
import { startedPeer } from './support/started-peer.mjs'

const requirement = /tableflip v(\S+)/
let programs

function start(drain) {
  return async ({ folder, ...options }) => {
    const { env, ...service } = await compiledService({ ...options, drain })
    const pidFile = join(folder, 'tableflip.pid')
    const tree = await ProcessTree.start(join(programs, 'tableflip'), [], {
      folder,
      env: { ...env, PID_FILE: pidFile },
    })
    return startedPeer(
      {
        ...service,
        pids: () => tree.pids(),
        reload: signalUpgrade(pidFile),
      },
      [tree],
    )
  }
}

const peer = {
  title: 'tableflip (Go)',
  shapes: { K: true, P: true, N: true, L: true, LW: true, S: true, T: true },
  graceMs,
  async prepare(place) {
    programs = await buildGo(place)
  },
  version: async () => requirement.exec(readFileSync(new URL('go/go.mod', import.meta.url), 'utf8'))[1],
}

export default [
  {
    ...peer,
    name: 'tableflip-default',
    configuration: 'default',
    settings: `SIGHUP. The old process calls Shutdown of net/http, for ${graceMs} ms at most`,
    start: start(),
  },
  {
    ...peer,
    name: 'tableflip',
    configuration: 'best',
    settings: 'as tableflip-default, after 500 ms in which the old process answers Connection: close',
    start: start('drain'),
  },
]
