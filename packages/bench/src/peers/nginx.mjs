import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { freePort, waitFor } from '@shellflip/testing'
import { nginxConfiguration } from './nginx/configuration.mjs'
import { debianProgram } from './support/debian-program.mjs'
import { graceMs } from './support/grace.mjs'
import { newerDebianProgram } from './support/newer-debian-program.mjs'
import { PeerUnavailable } from './support/peer-unavailable.mjs'
import { ProcessTree } from './support/process-tree.mjs'
import { runCommand } from './support/run-command.mjs'
import { startBackend } from './support/start-backend.mjs'
import { startedPeer } from './support/started-peer.mjs'

const shapes = { K: true, P: true, N: true, L: true, LW: true, S: true, T: true }
const newerPackages = ['nginx', 'libc6', 'libcrypt1', 'libpcre2-8-0', 'libssl3t64', 'libzstd1', 'zlib1g']
let nginx
let release

/** Prefers an nginx that can keep idle connections for a while when it drains: 1.27.4 or newer. */
async function prepare(place) {
  const found = await debianProgram(place, 'nginx', ['nginx'])
  const foundRelease = await releaseOf(found)
  if (keepsIdleConnections(foundRelease)) {
    nginx = found
    release = foundRelease
    return
  }
  try {
    nginx = { command: await newerDebianProgram(place, 'nginx', newerPackages), env: {} }
  } catch (error) {
    if (!(error instanceof PeerUnavailable)) throw error
    nginx = found
  }
  release = await releaseOf(nginx)
}

async function releaseOf({ command, env }) {
  return /nginx\/(\S+)/.exec(await runCommand(command, ['-v'], { env }))[1]
}

function keepsIdleConnections(version = '') {
  const [major, minor, patch] = version.split('.').map(Number)
  return major > 1 || (major === 1 && (minor > 27 || (minor === 27 && patch >= 4)))
}

function bestSettings() {
  return [
    `worker_shutdown_timeout ${graceMs}ms`,
    'keepalive_requests 100000000',
    ...(keepsIdleConnections(release) ? ['keepalive_min_timeout 500ms'] : []),
  ]
}

function start(settings, reload) {
  return async ({ folder, shape, cert, key }) => {
    const port = await freePort('127.0.0.1')
    const tls = shape === 'T' ? { cert, key } : undefined
    const backend = await startBackend(folder)
    const configuration = join(folder, 'nginx.conf')
    writeFileSync(
      configuration,
      nginxConfiguration({ folder, port, tls, backend: backend.path, settings: settings() }),
    )
    const command = ['-p', folder, '-c', configuration]
    const tree = await ProcessTree.start(nginx.command, command, { folder, env: nginx.env })
    const pidFile = join(folder, 'nginx.pid')
    const masterPid = () => Number(readFileSync(pidFile, 'utf8'))
    return startedPeer(
      {
        target: { host: '127.0.0.1', port },
        tls: tls !== undefined,
        pids: () => tree.pids(),
        get supervisorPid() {
          return masterPid()
        },
        reload: () => reload({ command, pidFile, masterPid }),
      },
      [tree, backend.tree],
    )
  }
}

async function signalReload({ command }) {
  await runCommand(nginx.command, [...command, '-s', 'reload'], { env: nginx.env })
}

/** As "Upgrading Executable on the Fly" of nginx's documentation says: USR2, and once the new master serves, WINCH and QUIT. */
async function upgradeBinary({ pidFile, masterPid }) {
  const oldPidFile = `${pidFile}.oldbin`
  await waitFor(() => !existsSync(oldPidFile), { what: 'the end of the former master' })
  const old = masterPid()
  process.kill(old, 'SIGUSR2')
  const successor = await waitFor(() => existsSync(pidFile) && masterPid() !== old && masterPid(), {
    what: 'the new master',
  })
  const children = `/proc/${successor}/task/${successor}/children`
  await waitFor(() => readFileSync(children, 'utf8') !== '', { what: 'the new workers' })
  process.kill(old, 'SIGWINCH')
  process.kill(old, 'SIGQUIT')
}

const peer = { shapes, graceMs, prepare, version: async () => release }
const reload = { ...peer, title: 'nginx -s reload' }
const upgrade = { ...peer, title: 'nginx, binary upgrade (USR2)' }
const defaultSettings = 'worker_processes 1, the rest as built'

export default [
  {
    ...reload,
    name: 'nginx-reload-default',
    configuration: 'default',
    settings: defaultSettings,
    start: start(() => [], signalReload),
  },
  {
    ...reload,
    name: 'nginx-reload',
    configuration: 'best',
    get settings() {
      return bestSettings().join(', ')
    },
    start: start(bestSettings, signalReload),
  },
  {
    ...upgrade,
    name: 'nginx-usr2-default',
    configuration: 'default',
    settings: defaultSettings,
    shapes: { ...shapes, L: 'an upgrade has to wait for the last connection of the one before', LW: 'as L' },
    start: start(() => [], upgradeBinary),
  },
  {
    ...upgrade,
    name: 'nginx-usr2',
    configuration: 'best',
    get settings() {
      return bestSettings().join(', ')
    },
    start: start(bestSettings, upgradeBinary),
  },
]
