// `pnpm bench`: measures us and the peers under the same load. --help lists the options.
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { constants } from 'node:os'
import { fileURLToPath } from 'node:url'
import { temporaryFolder } from '@shellflip/testing'
import { killLeftovers, markProcesses, ProcessTree } from './cells/process-tree.mjs'
import { refusal } from './cells/shapes.mjs'
import { readCommandLine, UsageError } from './command-line.mjs'
import { discover } from './discover.mjs'
import { cacheFolder, measureAll } from './measure-all.mjs'
import { Progress } from './progress.mjs'
import { resultFiles } from './report/result-files.mjs'
import { resultsText } from './report/results-text.mjs'

const defaultOutput = fileURLToPath(new URL('../results', import.meta.url))

process.exitCode = await main(process.argv.slice(2))

async function main(args) {
  try {
    const choices = await discover()
    const chosen = readCommandLine(args, choices)
    if (chosen.type === 'help') process.stdout.write(chosen.text)
    else if (chosen.type === 'list') process.stdout.write(listed(chosen))
    else return await run(chosen)
    return 0
  } catch (error) {
    if (!(error instanceof UsageError)) throw error
    process.stderr.write(`${error.message}\n`)
    return 2
  }
}

async function run(chosen) {
  if (!existsSync('/proc/self/stat'))
    throw new UsageError('the bench needs Linux: it reads processes in /proc')
  const folder = temporaryFolder('bench-')
  // Whatever peers and primitives put into a temporary folder goes with this one.
  process.env.TMPDIR = folder.path
  killLeftovers()
  markProcesses()
  const output = chosen.output ?? defaultOutput
  mkdirSync(output, { recursive: true })
  const interruption = interrupted()
  try {
    const results = await measureAll({
      chosen,
      folder: folder.path,
      cache: cacheFolder(),
      signal: interruption.signal,
      progress: new Progress(),
      onResults: (soFar) => writeFileSync(`${output}/results.json`, resultsText(soFar)),
    })
    const files = resultFiles({ ...results, finishedAt: new Date().toISOString() })
    for (const [name, text] of Object.entries(files)) writeFileSync(`${output}/${name}`, text)
    process.stdout.write(`\n${files['tables.md']}\nwritten to ${output}\n`)
    return oursHaveProblems(results) ? 1 : 0
  } catch (error) {
    if (!interruption.signal.aborted) throw error
    process.stderr.write(`\nended by ${interruption.name}. ${output}/results.json has the finished cells\n`)
    return 128 + constants.signals[interruption.name]
  } finally {
    new ProcessTree().killAll()
    folder[Symbol.dispose]()
  }
}

/** A peer that fails is a row. One of ours that fails is an error. */
function oursHaveProblems({ peers, cells, primitives }) {
  const ours = peers.filter(({ isOurs }) => isOurs).map(({ name }) => name)
  return [...cells.filter(({ peer }) => ours.includes(peer)), ...primitives].some(({ problem }) => problem)
}

/** Aborts at the first signal. A second one ends everything without a word. */
function interrupted() {
  const controller = new AbortController()
  const interruption = { signal: controller.signal, name: undefined }
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
    process.on(name, () => {
      if (interruption.name !== undefined) {
        new ProcessTree().killAll()
        process.exit(128 + constants.signals[name])
      }
      interruption.name = name
      controller.abort(new Error(`ended by ${name}`))
    })
  }
  return interruption
}

function listed({ peers, shapes, primitives }) {
  const peerLines = peers.map((peer) => {
    const refused = shapes
      .map((shape) => [shape.name, refusal(peer, shape)])
      .filter(([, reason]) => reason)
      .map(([name, reason]) => `\n      not ${name}: ${reason}`)
    return `  ${peer.name} (${peer.configuration}): ${peer.title}. ${peer.settings}${refused.join('')}`
  })
  return [
    'Peers',
    ...peerLines,
    'Shapes',
    ...shapes.map(({ name, title }) => `  ${name}: ${title}`),
    'Primitives',
    ...primitives.map(({ name }) => `  ${name}`),
    '',
  ].join('\n')
}
