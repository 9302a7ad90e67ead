import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { waitFor } from '@shellflip/testing'
import { procroll as cli, versionOf } from '../measure.mjs'
import { end, lastOf, serviceEnvironment, servicePath } from '../services/start.mjs'

const graceMs = 1_000
const drainMs = 10_000

/** A Node service that procroll rolls. The request comes by its command line. */
const procroll = (service, entry) => ({
  shapes: {},
  isOurs: true,
  graceMs,
  async prepare() {},
  version: async () => versionOf('procroll'),
  async start(options) {
    const isLong = ['L', 'LW'].includes(options.shape)
    const controlSocket = `${options.folder}/control.sock`
    const env = serviceEnvironment({ ...options, drainMs: isLong ? graceMs : drainMs })
    const listen = ['--listen', 'tcp://127.0.0.1:0', '--control-socket', controlSocket]
    const supervisor = spawn(
      process.execPath,
      [cli, 'run', ...listen, '--', process.execPath, servicePath(service)],
      { stdio: ['ignore', 'ignore', 'pipe'], env },
    )
    const log = lastOf(supervisor.stderr)
    const status = await waitFor(async () => {
      if (supervisor.exitCode !== null)
        return { problem: `procroll ended with ${supervisor.exitCode}: ${log()}` }
      const answer = JSON.parse(await request('status', '--json'))
      return answer.generations.some(({ state }) => state === 'ready') && answer
    })
    if (status.problem) throw new Error(status.problem)
    return {
      target: { host: '127.0.0.1', port: Number(/\d+$/.exec(status.listeners[0].address)[0]) },
      pids: () => [supervisor.pid],
      supervisorPid: supervisor.pid,
      reload: () => request('roll'),
      stop: () => end(supervisor),
    }

    async function request(...args) {
      const child = spawn(process.execPath, [cli, ...args, '--control-socket', controlSocket], {
        stdio: ['ignore', 'pipe', 'pipe'],
        env,
      })
      const exited = once(child, 'exit')
      const [output, errors] = await Promise.all([textOf(child.stdout), textOf(child.stderr)])
      const [code] = await exited
      if (code !== 0) throw new Error(`procroll ${args[0]} ended with ${code}: ${errors}`)
      return output
    }
  },
  ...entry,
})

async function textOf(stream) {
  return (await stream.setEncoding('utf8').toArray()).join('')
}

export default [
  procroll('coordinated', {
    name: 'procroll',
    title: 'procroll',
    configuration: 'best',
    settings: '--listen. The program drains by shutdown-coordination, as examples/rolling-http',
  }),
  procroll('closing', {
    name: 'procroll-close',
    title: 'procroll, server.close()',
    configuration: 'default',
    settings: '--listen. The program calls server.close() at SIGTERM',
  }),
]
