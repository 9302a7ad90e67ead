import { existsSync, readFileSync } from 'node:fs'
import { ask } from '@shellflip/control-socket'
import { freePort, waitFor } from '@shellflip/testing'
import { shellflipProtocol } from 'shellflip/rust'
import { versionOf } from '../measure.mjs'
import { serviceEnvironment, servicePath, startReady } from '../services/start.mjs'

/** A service whose event loop is always busy prepares a successor after half a minute. */
const preparedWithinMs = 50_000
const graceMs = 1_000
const drainMs = 10_000

/** A Node service that replaces itself. The request comes by its control socket. */
const shellflip = (service, { prepares = false, ...entry }) => ({
  configuration: 'best',
  isOurs: true,
  graceMs,
  async prepare() {},
  version: async () => versionOf('shellflip'),
  async start(options) {
    const port = await freePort()
    const controlSocket = `${options.folder}/restart.sock`
    const preparedFile = prepares ? `${options.folder}/prepared` : undefined
    const isLong = ['L', 'LW'].includes(options.shape)
    const env = serviceEnvironment({
      ...options,
      port,
      controlSocket,
      preparedFile,
      drainMs: isLong ? graceMs : drainMs,
    })
    let { pid } = await startReady([servicePath(service)], env)
    return {
      target: { host: '127.0.0.1', port },
      pids: () => [pid],
      // The harness waits for this before the trigger, so that no figure of the reload includes it.
      ...(preparedFile ? { readyToReload: () => untilPrepared(preparedFile, pid) } : {}),
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

/** The file has the pid of the process whose successor waits. */
async function untilPrepared(file, pid) {
  await waitFor(() => existsSync(file) && readFileSync(file, 'utf8') === String(pid), {
    what: `the prepared successor of ${pid}`,
    deadlineMs: preparedWithinMs,
  })
}

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
  shellflip('upgraded', {
    name: 'shellflip-prepared',
    title: 'shellflip, prepared successor',
    settings: 'prepareSuccessor: true. A reload waits until a successor is prepared',
    shapes: {},
    prepares: true,
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
