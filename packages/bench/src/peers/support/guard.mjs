// Runs commands, and stays the ancestor of all that they start. Daemons become children of this process (PR_SET_CHILD_SUBREAPER).
// Each line of stdin is a command. When stdin closes, also because SIGKILL ended the bench, this ends every process below.
import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { setTimeout as delay } from 'node:timers/promises'
import { adoptedChildren, adoptOrphans, reapOrphans } from '@shellflip/fd-passing'

if (!adoptOrphans()) {
  console.error('cannot keep sight of daemons: this needs Linux')
  process.exit(1)
}
reapOrphans()
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => {})

createInterface({ input: process.stdin })
  .on('line', (line) => run(JSON.parse(line)))
  .once('close', endAll)

/** Prints the pid. If the command cannot start, prints 0 after the reason. */
function run({ command, args, env, cwd }) {
  const child = spawn(command, args, { stdio: ['ignore', 2, 2], env, cwd })
  if (child.pid !== undefined) console.log(child.pid)
  child.once('error', (error) => {
    console.error(`${command}: ${error.message}`)
    if (child.pid === undefined) console.log(0)
  })
}

async function endAll() {
  // The children of a killed process come here next.
  for (let left = adoptedChildren(); left.length > 0; left = adoptedChildren()) {
    for (const pid of left) kill(pid)
    await delay(2)
  }
  process.exit(0)
}

function kill(pid) {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // It has just ended.
  }
}
