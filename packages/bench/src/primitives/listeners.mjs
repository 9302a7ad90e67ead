import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { ask } from '@shellflip/control-socket'
import { temporaryFolder, waitFor } from '@shellflip/testing'
import { shellflipProtocol } from 'shellflip/rust'
import { environment, median, startNode } from '../measure.mjs'

const counts = [1, 10, 100, 1_000]
const rounds = 3
const service = fileURLToPath(new URL('processes/listening-service.mjs', import.meta.url))

/** From the request until the successor serves, beside a start of the same service, against the number of its listening sockets. */
export async function listeners() {
  const folder = temporaryFolder('bench-')
  const times = counts.map(() => ({ starts: [], upgrades: [] }))
  for (let round = 0; round < rounds; round++) {
    for (const [index, count] of counts.entries()) {
      const { startMs, upgradeMs } = await measure(folder.join(`${round}-${count}/restart.sock`), count)
      times[index].starts.push(startMs)
      times[index].upgrades.push(upgradeMs)
    }
  }
  folder[Symbol.dispose]()
  return counts.map((count, index) => ({
    what: `an upgrade with ${count} listening sockets`,
    ours: median(times[index].upgrades),
    peer: median(times[index].starts),
    unit: 'ms',
    peerIs: 'a plain start of the same service',
  }))
}

async function measure(path, count) {
  const startedAt = performance.now()
  const child = startNode([service], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...environment, CONTROL_SOCKET: path, LISTENERS: String(count) },
  })
  await once(child.stdout, 'data')
  const readyAt = performance.now()
  const { Response } = await ask({ path, protocol: shellflipProtocol, request: { Request: 'TryRestart' } })
  if (!('RestartComplete' in Response)) throw new Error(Response.RestartFailed)
  const servesAt = performance.now()
  process.kill(Response.RestartComplete, 'SIGTERM')
  await waitFor(() => child.exitCode !== null && child.stdout.closed)
  return { startMs: readyAt - startedAt, upgradeMs: servesAt - readyAt }
}
