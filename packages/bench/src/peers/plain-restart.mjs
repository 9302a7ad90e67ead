import { freePort } from '@shellflip/testing'
import { end, serviceEnvironment, servicePath, startReady } from '../services/start.mjs'

/** The reload of a service that has none. */
export default [
  {
    name: 'plain-restart',
    title: 'plain restart',
    configuration: 'default',
    settings: 'SIGTERM, then a start of the same Node service',
    shapes: {},
    async prepare() {},
    version: async () => process.version,
    async start(options) {
      const port = await freePort()
      const env = serviceEnvironment({ ...options, port, drainMs: 0 })
      let child = await startReady([servicePath('plain')], env)
      return {
        target: { host: '127.0.0.1', port },
        pids: () => [child.pid],
        async reload() {
          await end(child)
          child = await startReady([servicePath('plain')], env)
        },
        stop: () => end(child),
      }
    },
  },
]
