import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { freePort } from '@shellflip/testing'
import { cached } from './cached.mjs'
import { ProcessTree } from './process-tree.mjs'
import { prepareWith } from './run-command.mjs'
import { startedPeer } from './started-peer.mjs'

const requirements = fileURLToPath(new URL('../python/requirements.txt', import.meta.url))
const applications = fileURLToPath(new URL('../python', import.meta.url))
let programs

/** Installs the packages of requirements.txt into a virtual environment in the cache. */
export async function preparePython(place) {
  const digest = createHash('sha256').update(readFileSync(requirements)).digest('hex').slice(0, 12)
  const folder = await cached(place, `python-${digest}`, async (into) => {
    await prepareWith('python3', ['-m', 'venv', into])
    await prepareWith(join(into, 'bin/pip'), ['install', '--no-deps', '--requirement', requirements])
  })
  programs = join(folder, 'bin')
}

/** Returns the version that requirements.txt pins. */
export function pinned(name) {
  return new RegExp(`^${name}==(.+)$`, 'm').exec(readFileSync(requirements, 'utf8'))[1]
}

/** Starts a program of the virtual environment. SIGHUP to it reloads the workers. */
export function pythonServer(program, args) {
  return async ({ folder, shape, cert, key }) => {
    const port = await freePort('127.0.0.1')
    const tls = shape === 'T'
    const tree = await ProcessTree.start(
      join(programs, program),
      args({ port, shape, tls: tls ? { cert, key } : undefined }),
      { folder, env: { PYTHONPATH: applications, PYTHONDONTWRITEBYTECODE: '1' } },
    )
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
