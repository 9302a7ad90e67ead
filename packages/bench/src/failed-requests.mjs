import { fork, spawn } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { LoadClient, temporaryFolder, waitFor } from '@shellflip/testing'
import { environment, procroll } from './measure.mjs'

const reloads = 10
const service = fileURLToPath(new URL('../../../examples/rolling-http/service.mjs', import.meta.url))
const cluster = fileURLToPath(new URL('cluster-peer.mjs', import.meta.url))

/** Requests that fail over ten reloads, under keep-alive clients that never repeat one and clients that connect anew. */
export async function failedRequests() {
  const ours = await underLoad(procrollService)
  const peer = await underLoad(clusterService)
  const peerIs = 'node:cluster, server.close()'
  return [
    { what: `failed of ${ours.requests} requests over ${reloads} rolls`, ours: ours.failed, unit: 'failed' },
    {
      what: `failed of ${peer.requests} requests over ${reloads} reloads of ${peerIs}`,
      ours: peer.failed,
      unit: 'failed',
    },
    { what: 'p99', ours: ours.latencyMs.p99, peer: peer.latencyMs.p99, unit: 'ms', peerIs },
  ]
}

async function underLoad(start) {
  const { port, reload, stop } = await start()
  const load = LoadClient.start({ target: { port }, keepAlive: 32, newConnections: 8 })
  for (let n = 0; n < reloads; n++) {
    await delay(300)
    await reload()
  }
  await delay(300)
  const report = await load.stop()
  await stop()
  return report
}

async function procrollService() {
  const folder = temporaryFolder('bench-')
  const controlSocket = folder.join('control.sock')
  const run = spawn(
    process.execPath,
    [
      procroll,
      'run',
      '--listen',
      'tcp://127.0.0.1:0',
      '--control-socket',
      controlSocket,
      '--',
      process.execPath,
      service,
    ],
    { stdio: 'ignore', env: environment },
  )
  const ask = async (command, ...flags) => {
    const child = spawn(process.execPath, [procroll, command, ...flags, '--control-socket', controlSocket], {
      stdio: ['ignore', 'pipe', 'ignore'],
      env: environment,
    })
    const output = await child.stdout.setEncoding('utf8').toArray()
    return output.join('')
  }
  const status = await waitFor(async () => {
    const answered = JSON.parse(await ask('status', '--json'))
    return answered.generations.some(({ state }) => state === 'ready') && answered
  })
  return {
    port: Number(/\d+$/.exec(status.listeners[0].address)[0]),
    reload: () => ask('roll'),
    async stop() {
      run.kill('SIGTERM')
      await once(run, 'exit')
      folder[Symbol.dispose]()
    },
  }
}

async function clusterService() {
  const primary = fork(cluster, { env: environment })
  const [{ port }] = await once(primary, 'message')
  return {
    port,
    async reload() {
      primary.send('reload')
      await once(primary, 'message')
    },
    async stop() {
      primary.send('stop')
      await once(primary, 'exit')
    },
  }
}
