import { fileURLToPath } from 'node:url'
import { freePort } from '@shellflip/testing'
import { graceMs } from './support/grace.mjs'
import { PeerUnavailable } from './support/peer-unavailable.mjs'
import { ProcessTree } from './support/process-tree.mjs'
import { startedPeer } from './support/started-peer.mjs'

const manager = fileURLToPath(new URL('socket-activation/manager.mjs', import.meta.url))

function start(drain) {
  return async ({ folder, shape, cert, key }) => {
    const port = await freePort('127.0.0.1')
    const tls = shape === 'T'
    const env = { PORT: String(port), DRAIN: drain, ...(tls && { CERT: cert, KEY: key }) }
    const tree = await ProcessTree.start(process.execPath, [manager], { folder, env })
    return startedPeer(
      {
        target: { host: '127.0.0.1', port },
        tls,
        pids: () => tree.pids(),
        supervisorPid: tree.mainPid,
        reload: async () => process.kill(tree.mainPid, 'SIGHUP'),
      },
      [tree],
    )
  }
}

/** systemd serves in its own namespaces where it does not run the machine, and the load cannot reach it there. */
async function refuseSystemd() {
  throw new PeerUnavailable(
    'it needs units on a machine that systemd runs. socket-activation stops and starts a service on a held socket in the same way',
  )
}

const peer = {
  title: 'socket activation, stop and start (Node)',
  shapes: { K: true, P: true, N: true, L: true, LW: true, S: true, T: true },
  graceMs,
  async prepare() {},
  version: async () => process.version,
}

export default [
  {
    ...peer,
    name: 'socket-activation-default',
    configuration: 'default',
    settings: 'another process holds the socket. The service calls server.close() on SIGTERM',
    start: start('close'),
  },
  {
    ...peer,
    name: 'socket-activation',
    configuration: 'best',
    settings: 'as socket-activation-default, with Connection: close and 500 ms before idle connections end',
    start: start('drain'),
  },
  {
    ...peer,
    name: 'systemd',
    title: 'systemd socket unit, systemctl restart',
    configuration: 'default',
    settings: 'a .socket and a .service unit',
    prepare: refuseSystemd,
    start: refuseSystemd,
  },
]
