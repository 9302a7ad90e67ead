import { compileScriptedProcess, TestProcess, temporaryFolder } from '@shellflip/testing'
import { expect, test } from 'vitest'

/** Rolls, and tells halfway, when all code is warm, and after the last roll what the process holds. */
const program = `
import { readdirSync } from 'node:fs'
import { RollingSupervisor } from '@shellflip/rolling-supervisor'

const [file, notifyDirectory] = process.argv.slice(1)
const rolls = 1000
const supervisor = new RollingSupervisor({
  command: () => ({ file, args: ['notify', 'READY=1', 'hang'], env: process.env }),
  notifyDirectory,
})
function census() {
  gc()
  const resources = process.getActiveResourcesInfo().filter((type) => type !== 'Immediate').sort().join(' ')
  const files = readdirSync(notifyDirectory).length
  return { fds: readdirSync('/proc/self/fd').length, resources, files, heap: process.memoryUsage().heapUsed }
}
let exited = 0
supervisor.onEvent(({ type }) => {
  if (type === 'generation-exited') exited += 1
})
supervisor.start()
const censuses = []
for (let roll = 1; roll <= rolls; roll++) {
  const outcome = await supervisor.roll()
  if (outcome.type !== 'rolled') throw new Error(JSON.stringify(outcome))
  if (roll === rolls / 2 || roll === rolls) {
    while (exited < roll) await new Promise((resolve) => setTimeout(resolve, 5))
    censuses.push(census())
  }
}
supervisor.stop()
await supervisor.done
console.log(JSON.stringify({ censuses, filesLeft: readdirSync(notifyDirectory).length }))
`

test('1,000 rolls leave no fd, file, timer or handle behind, and the heap flat', {
  timeout: 120_000,
}, async () => {
  using folder = temporaryFolder()
  const file = compileScriptedProcess(folder.path)
  using notify = temporaryFolder('notify-')
  await using run = TestProcess.node(
    ['--expose-gc', '--input-type=module', '-e', program, file, notify.path],
    { cwd: new URL('..', import.meta.url).pathname },
  )
  expect(await run.exit, run.stderr).toEqual({ code: 0, signal: null })
  const { censuses, filesLeft } = JSON.parse(run.stdout)
  const [early, late] = censuses
  expect(late).toMatchObject({ fds: early.fds, resources: early.resources, files: 1 })
  // What is kept of a generation is more than 2 KiB: its launch, with the environment, is.
  expect(late.heap - early.heap).toBeLessThan(500 * 2048)
  expect(filesLeft).toBe(0)
})
