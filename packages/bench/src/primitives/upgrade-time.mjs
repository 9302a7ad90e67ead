import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { ask } from '@shellflip/control-socket'
import { temporaryFolder, waitFor } from '@shellflip/testing'
import { shellflipProtocol } from 'shellflip/rust'
import { environment, median, startNode } from '../measure.mjs'

const rounds = 15
const service = fileURLToPath(new URL('processes/upgraded-service.mjs', import.meta.url))

/** From the request until the successor serves, beside a start of the same service until it serves. */
export async function upgradeTime() {
  const folder = temporaryFolder('bench-')
  const starts = []
  const upgrades = []
  for (let round = 0; round <= rounds; round++) {
    const path = folder.join(`${round}/restart.sock`)
    const startedAt = performance.now()
    const child = startNode([service], {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: { ...environment, CONTROL_SOCKET: path },
    })
    await once(child.stdout, 'data')
    const readyAt = performance.now()
    const pid = await upgrade(path)
    if (round > 0) {
      starts.push(readyAt - startedAt)
      upgrades.push(performance.now() - readyAt)
    }
    process.kill(pid, 'SIGTERM')
    await waitFor(() => child.exitCode !== null && child.stdout.closed)
  }
  folder[Symbol.dispose]()
  return [
    {
      what: 'an upgrade, from the request until the successor serves',
      ours: median(upgrades),
      peer: median(starts),
      unit: 'ms',
      peerIs: 'a plain start of the same service',
    },
  ]
}

async function upgrade(path) {
  const { Response } = await ask({
    path,
    protocol: shellflipProtocol,
    request: { Request: 'TryRestart' },
  })
  if ('RestartComplete' in Response) return Response.RestartComplete
  throw new Error(Response.RestartFailed)
}
