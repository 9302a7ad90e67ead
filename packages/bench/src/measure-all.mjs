import { mkdirSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { measureCell } from './cells/measure-cell.mjs'
import { refusal } from './cells/shapes.mjs'
import { within } from './cells/within.mjs'
import { makeCertificate } from './certificate.mjs'
import { machine } from './machine.mjs'
import { measurePrimitive } from './measure-primitive.mjs'

const prepareWithinMs = 20 * 60_000

/** Runs what was chosen. `onResults` gets the results after each cell, so that nothing is lost when the run is ended. */
export async function measureAll({ chosen, folder, cache, signal, progress, onResults }) {
  const certificate = makeCertificate(folder)
  const results = {
    format: 1,
    startedAt: new Date().toISOString(),
    machine: machine(),
    options: chosen.options,
    shapes: chosen.shapes.map(({ name, family, title }) => ({ name, family, title })),
    peers: [],
    cells: [],
    primitives: [],
  }
  const prepared = await prepareAll({ chosen, cache, signal, progress, results })
  const cells = cellsOf(chosen, prepared)
  const total = cells.length + chosen.options.runs * chosen.primitives.length
  progress.plan(total, estimateMs(cells, chosen.options))
  for (const { run, shape, peer } of cells) {
    progress.begin(`${shape.name} ${peer.name}`)
    const refused = refusal(peer, shape) ?? (shape.family === 'T' ? certificate.problem : undefined)
    const row =
      refused === undefined
        ? await measureCell({ peer, shape, certificate, signal, options: chosen.options })
        : { refused }
    results.cells.push({ peer: peer.name, shape: shape.name, run, ...row })
    progress.cell(row)
    onResults(results)
  }
  for (let run = 1; run <= chosen.options.runs; run++) {
    for (const primitive of chosen.primitives) {
      progress.begin(primitive.name)
      const measured = await measurePrimitive(primitive, signal)
      results.primitives.push({ run, ...measured })
      progress.primitive(measured)
      onResults(results)
    }
  }
  return results
}

/** Peers of one shape follow each other, and a run follows a run: what disturbs the machine disturbs all of them. */
function cellsOf({ shapes, options }, peers) {
  return Array.from({ length: options.runs }, (_, index) =>
    shapes.flatMap((shape) => peers.map((peer) => ({ run: index + 1, shape, peer }))),
  ).flat()
}

async function prepareAll({ chosen, cache, signal, progress, results }) {
  mkdirSync(cache, { recursive: true })
  const prepared = []
  for (const peer of chosen.peers) {
    const { name, configuration, settings, isOurs = false } = peer
    const entry = { name, title: titleOf(peer, chosen.peers), configuration, settings, isOurs }
    results.peers.push(entry)
    try {
      const preparing = peer.prepare({ cache, install: chosen.install })
      await within(prepareWithinMs, 'the preparation', preparing, signal)
      entry.version = await peer.version()
      prepared.push(peer)
    } catch (error) {
      if (signal.aborted) throw error
      entry.unavailable = error.message
      progress.unavailable(name, error.message)
    }
  }
  return prepared
}

/** Two configurations of one peer may share a title. */
function titleOf({ title, configuration }, peers) {
  return peers.filter((other) => other.title === title).length > 1 ? `${title} (${configuration})` : title
}

function estimateMs(cells, { warmUpMs, baseMs, intervalMs, reloads }) {
  const overheadMs = 4_000
  return cells
    .filter(({ peer, shape }) => refusal(peer, shape) === undefined)
    .reduce((sum) => sum + warmUpMs + baseMs + reloads * (intervalMs + 200) + overheadMs, 0)
}

/** Where peers keep what they have built: a folder of this user, which later runs find. */
export function cacheFolder() {
  return process.env.SHELLFLIP_BENCH_CACHE ?? join(homedir(), '.cache', 'shellflip-bench')
}
