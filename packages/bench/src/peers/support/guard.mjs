// Runs a command, and stays the ancestor of all that it starts. Daemons become children of this process (PR_SET_CHILD_SUBREAPER).
// The bench holds the other end of stdin. When it closes, also because SIGKILL ended the bench, this ends every process below.
import { spawn } from 'node:child_process'
import { setTimeout as delay } from 'node:timers/promises'
import { adoptedChildren, adoptOrphans, reapOrphans } from '@shellflip/fd-passing'
import { mark } from './environment.mjs'

const [command, ...args] = process.argv.slice(2)
const { GUARDED_MARK, ...environment } = process.env

if (!adoptOrphans()) {
  console.error('cannot keep sight of daemons: this needs Linux')
  process.exit(1)
}
reapOrphans()
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => {})

const env = { ...environment, ...(GUARDED_MARK && { [mark]: GUARDED_MARK }) }
const child = spawn(command, args, { stdio: ['ignore', 2, 2], env })
child.once('error', (error) => console.error(`${command}: ${error.message}`))
console.log(child.pid ?? 0)

process.stdin.resume().once('close', async () => {
  // The children of a killed process come here next.
  for (let left = adoptedChildren(); left.length > 0; left = adoptedChildren()) {
    for (const pid of left) kill(pid)
    await delay(2)
  }
  process.exit(0)
})

function kill(pid) {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // It has just ended.
  }
}
