import { ask } from '@shellflip/control-socket'
import { freePort, waitFor } from '@shellflip/testing'
import { shellflipProtocol } from 'shellflip/rust'
import { versionOf } from '../measure.mjs'
import { serviceEnvironment, servicePath, startReady } from '../services/start.mjs'

const graceMs = 1_000
const drainMs = 10_000

/** A Node service that replaces itself. The request comes by its control socket. */
const shellflip = (service, entry) => ({
  configuration: 'best',
  isOurs: true,
  graceMs,
  async prepare() {},
  version: async () => versionOf('shellflip'),
  async start(options) {
    const port = await freePort()
    const controlSocket = `${options.folder}/restart.sock`
    const isLong = ['L', 'LW'].includes(options.shape)
    const env = serviceEnvironment({
      ...options,
      port,
      controlSocket,
      drainMs: isLong ? graceMs : drainMs,
    })
    let { pid } = await startReady([servicePath(service)], env)
    return {
      target: { host: '127.0.0.1', port },
      pids: () => [pid],
      async reload() {
        pid = await upgrade(controlSocket)
      },
      async stop() {
        process.kill(pid, 'SIGTERM')
        await waitFor(() => !isThere(pid), { what: 'the end of the service', deadlineMs: 15_000 })
      },
    }
  },
  ...entry,
})

async function upgrade(path) {
  const { Response } = await ask({ path, protocol: shellflipProtocol, request: { Request: 'TryRestart' } })
  if ('RestartComplete' in Response) return Response.RestartComplete
  throw new Error(Response.RestartFailed)
}

function isThere(pid) {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

const otherServer = 'a TCP server, which only L needs'

export default [
  shellflip('upgraded', {
    name: 'shellflip',
    title: 'shellflip',
    settings: 'defaults. A TLS connection cannot move: it drains with Connection: close',
    shapes: {},
  }),
  shellflip('moved-streams', {
    name: 'shellflip-tcp',
    title: 'shellflip, moving TCP streams',
    settings: 'a node:net server with moveConnections: { give, take }',
    shapes: {
      K: otherServer,
      P: otherServer,
      N: otherServer,
      LW: otherServer,
      S: otherServer,
      T: otherServer,
    },
  }),
]
