import { compileScriptedProcess, TestProcess, temporaryFolder } from '@shellflip/testing'
import { expect, test } from 'vitest'

type Census = { fds: number; resources: string; files: number; heap: number }

/** Rolls, and tells after every 500th roll what the process holds. */
const program = `
import { readdirSync } from 'node:fs'
import { RollingSupervisor } from '@shellflip/rolling-supervisor'

const [file, notifyDirectory] = process.argv.slice(1)
const rolls = 2000
const supervisor = new RollingSupervisor({
  command: () => ({ file, args: ['notify', 'READY=1', 'hang'], env: process.env }),
  notifyDirectory,
})
async function census() {
  // Finalizers take turns of the event loop, and the next collection frees their memory.
  for (let turn = 0; turn < 5; turn++) {
    gc()
    await new Promise((resolve) => setImmediate(resolve))
  }
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
  if (roll % 500 === 0) {
    while (exited < roll) await new Promise((resolve) => setTimeout(resolve, 5))
    censuses.push(await census())
  }
}
void supervisor.stop()
await supervisor.done
console.log(JSON.stringify({ censuses, filesLeft: readdirSync(notifyDirectory).length }))
`

test('thousands of rolls leave no fd, file, timer or handle behind, and the heap flat', {
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
  const [early, ...later] = censuses
  for (const late of later)
    expect(late).toMatchObject({ fds: early.fds, resources: early.resources, files: 1 })
  // Memory that each generation keeps shows in every 500 rolls, and a launch alone, with the environment, is more than
  // 1 KiB; what the engine warms up shows in some.
  const growths = later.map((late: Census, index: number) => late.heap - censuses[index].heap)
  expect(Math.min(...growths)).toBeLessThan(500 * 1024)
  expect(filesLeft).toBe(0)
})
