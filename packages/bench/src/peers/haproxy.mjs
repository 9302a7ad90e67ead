import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { freePort } from '@shellflip/testing'
import { debianProgram } from './support/debian-program.mjs'
import { graceMs } from './support/grace.mjs'
import { ProcessTree } from './support/process-tree.mjs'
import { runCommand } from './support/run-command.mjs'
import { startBackend } from './support/start-backend.mjs'
import { startedPeer } from './support/started-peer.mjs'

const packages = ['haproxy', 'liblua5.3-0', 'libopentracing-c-wrapper0', 'libopentracing1']
let haproxy
let release

async function prepare(place) {
  haproxy = await debianProgram(place, 'haproxy', packages)
  release = /version (\S+)/.exec(await runCommand(haproxy.command, ['-v'], { env: haproxy.env }))[1]
}

function configuration({ port, certificate, backend, best }) {
  return `
global
  nbthread 1
  maxconn 9000
  ${best ? `hard-stop-after ${graceMs}ms` : ''}
defaults
  mode http
  timeout connect 5s
  timeout client 60s
  timeout server 60s
  timeout tunnel 1h
  ${best ? 'option idle-close-on-response' : ''}
frontend bench
  bind 127.0.0.1:${port} ${certificate ? `ssl crt ${certificate}` : ''}
  http-request return status 200 content-type text/plain lf-string "GENERATION %pid\\n" if { path / }
  http-request set-header X-Generation %pid
  default_backend node
backend node
  server node unix@${backend}
`
}

function start(best) {
  return async ({ folder, shape, cert, key }) => {
    const port = await freePort('127.0.0.1')
    const backend = await startBackend(folder)
    const certificate = shape === 'T' ? join(folder, 'haproxy.pem') : undefined
    if (certificate)
      writeFileSync(certificate, readFileSync(cert, 'utf8') + readFileSync(key, 'utf8'), { mode: 0o600 })
    const file = join(folder, 'haproxy.cfg')
    writeFileSync(file, configuration({ port, certificate, backend: backend.path, best }))
    const tree = await ProcessTree.start(haproxy.command, ['-W', '-f', file], { folder, env: haproxy.env })
    return startedPeer(
      {
        target: { host: '127.0.0.1', port },
        tls: certificate !== undefined,
        pids: () => tree.pids(),
        supervisorPid: tree.mainPid,
        reload: async () => process.kill(tree.mainPid, 'SIGUSR2'),
      },
      [tree, backend.tree],
    )
  }
}

const peer = {
  title: 'HAProxy reload (USR2, master-worker)',
  shapes: { K: true, P: true, N: true, L: true, LW: true, S: true, T: true },
  graceMs,
  prepare,
  version: async () => release,
}

export default [
  {
    ...peer,
    name: 'haproxy-default',
    configuration: 'default',
    settings: 'haproxy -W, nbthread 1. The master passes the listeners by itself',
    start: start(false),
  },
  {
    ...peer,
    name: 'haproxy',
    configuration: 'best',
    settings: `haproxy -W, nbthread 1, option idle-close-on-response, hard-stop-after ${graceMs}ms`,
    start: start(true),
  },
]
