import { spawn, spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'

/** The built command line. */
export const procroll = join(
  dirname(createRequire(import.meta.url).resolve('procroll/package.json')),
  'dist/cli.js',
)

/** Leaves out certificates, which Node would read at every start. */
export const environment = { ...process.env, NODE_EXTRA_CA_CERTS: undefined }

/** The version of a package of this workspace. */
export function versionOf(name) {
  return createRequire(import.meta.url)(`${name}/package.json`).version
}

export function median(values) {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.floor(sorted.length / 2)]
}

/** Milliseconds that a whole Node process takes, as the median of runs in turn with the others. */
export function timeInTurn(commands, runs) {
  const times = commands.map(() => [])
  for (let run = 0; run <= runs; run++) {
    for (const [index, args] of commands.entries()) {
      const startedAt = performance.now()
      const { status } = spawnSync(process.execPath, args, { stdio: 'ignore', env: environment })
      if (status !== 0) throw new Error(`node ${args.join(' ')} ended with ${status}`)
      if (run > 0) times[index].push(performance.now() - startedAt)
    }
  }
  return times.map(median)
}

/** Resident and proportional memory of a process, in MB. */
export function memoryOf(pid) {
  const rollup = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8')
  const field = (name) => Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(rollup)[1]) / 1024
  return { rss: field('Rss'), pss: field('Pss') }
}

/** A Node process that ends with the scope's `kill`. */
export function startNode(args, options = {}) {
  return spawn(process.execPath, args, { stdio: 'ignore', env: environment, ...options })
}
