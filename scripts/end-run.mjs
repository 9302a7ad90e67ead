// Waits at its standard input for the end of a test run. Without the word `over` it then ends the processes that carry the mark of the run
// in their environment (Linux).
//   node scripts/end-run.mjs NAME=VALUE
import { readdirSync, readFileSync } from 'node:fs'
import { text } from 'node:stream/consumers'
import { setTimeout as delay } from 'node:timers/promises'

const [mark] = process.argv.slice(2)
const mostRounds = 100

if ((await text(process.stdin)) !== 'over' && process.platform === 'linux') {
  // A process can start another one while we look.
  for (let round = 0; round < mostRounds && endAll() > 0; round++) await delay(20)
}

function endAll() {
  const pids = readdirSync('/proc').map(Number).filter(hasMark)
  for (const pid of pids) {
    try {
      process.kill(pid, 'SIGKILL')
    } catch {
      // It has ended meanwhile.
    }
  }
  return pids.length
}

function hasMark(pid) {
  if (!Number.isInteger(pid) || pid === process.pid) return false
  try {
    return `\0${readFileSync(`/proc/${pid}/environ`, 'latin1')}`.includes(`\0${mark}\0`)
  } catch {
    return false // It has ended, or is another user's.
  }
}
