import { once } from 'node:events'
import { temporaryFolder, waitFor } from '@shellflip/testing'
import { memoryOf, procroll, startNode } from '../measure.mjs'

const service = `import('@shellflip/sd-notify').then(({ Notifier }) => Notifier.fromEnvironment().ready()); setInterval(() => {}, 60_000)`
const holder = `require('node:child_process').spawn('sleep', ['60'], { stdio: 'inherit' })`

/** A supervisor that has nothing to do, beside a Node process that only holds a child. */
export async function idleMemory() {
  const folder = temporaryFolder('bench-')
  const controlSocket = folder.join('control.sock')
  const supervisor = startNode(
    [procroll, 'run', '--control-socket', controlSocket, '--', process.execPath, '-e', service],
    { stdio: ['ignore', 'ignore', 'pipe'], cwd: import.meta.dirname },
  )
  const bare = startNode(['-e', holder], { detached: true })
  const exited = once(supervisor, 'exit')
  try {
    let log = ''
    supervisor.stderr.on('data', (text) => {
      log += text
    })
    await waitFor(() => log.includes('generation serves'), { what: 'a generation' })
    const ours = memoryOf(supervisor.pid)
    const peer = memoryOf(bare.pid)
    const peerIs = 'a Node process that holds a child'
    return [
      { what: 'idle supervisor, RSS', ours: ours.rss, peer: peer.rss, unit: 'MB', peerIs },
      { what: 'idle supervisor, PSS', ours: ours.pss, peer: peer.pss, unit: 'MB', peerIs },
    ]
  } finally {
    process.kill(-bare.pid, 'SIGKILL')
    supervisor.kill('SIGTERM')
    await exited
    folder[Symbol.dispose]()
  }
}
