import { join } from 'node:path'
import { buildRust, compiledService, exactCrate } from './support/compiled.mjs'
import { graceMs } from './support/grace.mjs'
import { ProcessTree } from './support/process-tree.mjs'
import { runCommand } from './support/run-command.mjs'
import { startedPeer } from './support/started-peer.mjs'

let programs

function start({ drain, sharesListener }) {
  return async ({ folder, ...options }) => {
    const { env: given, ...service } = await compiledService({ ...options, drain })
    const program = join(programs, 'shellflip')
    const env = { ...given, RESTART_SOCKET: join(folder, 'restart.sock'), SHARE_LISTENER: sharesListener }
    const tree = await ProcessTree.start(program, [], { folder, env })
    return startedPeer(
      { ...service, pids: () => tree.pids(), reload: () => runCommand(program, ['restart'], { env }) },
      [tree],
    )
  }
}

const peer = {
  title: 'shellflip (Rust)',
  shapes: { K: true, P: true, N: true, L: true, LW: true, S: true, T: true },
  graceMs,
  async prepare(place) {
    programs = await buildRust(place)
  },
  version: async () => exactCrate('shellflip'),
}

export default [
  {
    ...peer,
    name: 'shellflip-rust-default',
    configuration: 'default',
    settings:
      'a restart request. Each process has its own listener (SO_REUSEPORT). graceful_shutdown of hyper',
    start: start({}),
  },
  {
    ...peer,
    name: 'shellflip-rust',
    configuration: 'best',
    settings: 'both processes share a listener, as under socket activation. Connection: close for 500 ms',
    start: start({ drain: 'drain', sharesListener: '1' }),
  },
]
