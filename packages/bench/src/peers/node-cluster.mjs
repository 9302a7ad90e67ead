import { fork } from 'node:child_process'
import { once } from 'node:events'
import { freePort } from '@shellflip/testing'
import { end, serviceEnvironment, servicePath } from '../services/start.mjs'

const graceMs = 1_000
const drainMs = 10_000

/** One worker of node:cluster, replaced by another. */
const cluster = (drain, title, configuration, settings) => ({
  name: `node-cluster-${drain}`,
  title,
  configuration,
  settings,
  shapes: {},
  graceMs,
  async prepare() {},
  version: async () => process.version,
  async start(options) {
    const port = await freePort()
    const isLong = ['L', 'LW'].includes(options.shape)
    const env = serviceEnvironment({ ...options, port, drainMs: isLong ? graceMs : drainMs })
    const primary = fork(servicePath('cluster'), { env: { ...env, DRAIN: drain } })
    await once(primary, 'message')
    return {
      target: { host: '127.0.0.1', port },
      pids: () => [primary.pid],
      supervisorPid: primary.pid,
      async reload() {
        primary.send('reload')
        await once(primary, 'message')
      },
      async stop() {
        primary.disconnect()
        await end(primary)
      },
    }
  },
})

export default [
  cluster(
    'close',
    'node:cluster, server.close()',
    'default',
    'one worker. The old one calls server.close(), and exits after 10 s',
  ),
  cluster(
    'lame',
    'node:cluster, lame duck',
    'best',
    'one worker. The old one answers Connection: close, and closes idle connections after 500 ms',
  ),
]
