// procroll rolls a real HTTP service to new code, five times, under load. The last line is the truth.
import { setTimeout as delay } from 'node:timers/promises'
import { Display } from './demo/display.mjs'
import { Load, onlyAnswers } from './demo/load.mjs'
import { Releases } from './demo/releases.mjs'
import { Supervisor } from './demo/supervisor.mjs'

const [first, ...updates] = ['v1', 'v2', 'v3', 'v4', 'v5', 'v6']
const betweenRollsMs = 500

const display = new Display()
const releases = new Releases([first, ...updates])
let supervisor
let load

async function story() {
  releases.switchTo(first)
  supervisor = new Supervisor(releases.folder, releases.service)
  const port = await supervisor.serving((status) => display.update(status))
  display.say(`${first} serves at http://127.0.0.1:${port}`)

  load = new Load(port)
  display.follow(load)
  for (const version of updates) {
    await delay(betweenRollsMs)
    releases.switchTo(version)
    const outcome = await supervisor.roll()
    const elapsedMs = await onlyAnswers(port, version)
    display.say(`${version}: ${outcome}; ${Math.round(elapsedMs)} ms later only ${version} answers`)
  }
  await delay(betweenRollsMs)
}

/** Rejects when somebody wants the demo to end: then what it has started must end as well. */
function interrupted() {
  return new Promise((_, reject) => {
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
      process.on(signal, () => reject(new Error(`ended by ${signal}`)))
    }
  })
}

const problems = []

async function attempt(step) {
  try {
    await step()
  } catch (error) {
    problems.push(error.message)
  }
}

await attempt(() => Promise.race([story(), interrupted()]))
await attempt(() => load?.stop())
display.end()
await attempt(() => supervisor?.stop())
releases.remove()

const failed = load?.failed ?? 0
for (const problem of problems) console.log(problem)
console.log(`${load?.requests ?? 0} requests, ${failed} failed${failed > 0 ? `: ${load.failures}` : ''}`)
// Not only the exit status: what an interrupted story still waits for ends here.
process.exit(problems.length === 0 && failed === 0 ? 0 : 1)
