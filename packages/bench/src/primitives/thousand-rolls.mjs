import { mkdirSync, readdirSync } from 'node:fs'
import { RollingSupervisor } from '@shellflip/rolling-supervisor'
import { compileScriptedProcess, temporaryFolder, waitFor } from '@shellflip/testing'
import { memoryOf } from '../measure.mjs'

const rolls = 1000
const stops = [250, 500, rolls]

/** Compares what a supervisor holds after many rolls and after a few, and measures how long a roll takes. */
export async function thousandRolls() {
  const folder = temporaryFolder('bench-')
  mkdirSync(folder.join('notify'))
  const file = compileScriptedProcess(folder.path)
  const supervisor = new RollingSupervisor({
    command: () => ({ file, args: ['notify', 'READY=1', 'hang'], env: process.env }),
    notifyDirectory: folder.join('notify'),
  })
  supervisor.start()
  const roll = async (times) => {
    for (let n = 0; n < times; n++) await supervisor.roll()
    await waitFor(() => supervisor.status().generations.length === 1)
    return { ...memoryOf(process.pid), fds: readdirSync('/proc/self/fd').length }
  }
  const early = await roll(100)
  const startedAt = performance.now()
  const late = []
  for (const [index, stop] of stops.entries()) late.push(await roll(stop - (stops[index - 1] ?? 0)))
  const elapsedMs = performance.now() - startedAt
  await supervisor.stop()
  folder[Symbol.dispose]()
  const peerIs = 'after 100 rolls'
  return [
    ...late.flatMap(({ rss, fds }, index) => [
      { what: `RSS after ${stops[index]} more rolls`, ours: rss, peer: early.rss, unit: 'MB', peerIs },
      { what: `fds after ${stops[index]} more rolls`, ours: fds, peer: early.fds, unit: 'fds', peerIs },
    ]),
    { what: 'a roll, of a program that is ready at once', ours: elapsedMs / rolls, unit: 'ms' },
  ]
}
