import { median } from './aggregate.mjs'
import { escapeCell, figure, table } from './markdown.mjs'

/** The rows of all primitives, as medians over the runs. A figure keeps its peer of the same run. */
export function primitiveRows(primitives) {
  const names = [...new Set(primitives.map(({ name }) => name))]
  return names.map((name) => {
    const runs = primitives.filter((entry) => entry.name === name)
    const problem = runs.find((run) => run.problem)?.problem
    const first = runs.find(({ rows }) => rows.length > 0)?.rows ?? []
    const rows = first.map((row, index) => {
      const same = runs.map((run) => run.rows[index]).filter((other) => other?.unit === row.unit)
      const mid = (read) => median(same.map(read))
      return {
        ...row,
        ours: mid(({ ours }) => ours),
        peer: mid(({ peer }) => peer),
        ratio: mid(({ ours, peer, ratio }) => ratio ?? (peer ? ours / peer : null)),
      }
    })
    return { name, problem, rows }
  })
}

export function primitiveTable({ rows }) {
  return table(
    [
      ['', ({ what }) => escapeCell(what)],
      ['ours', ({ ours, unit }) => figure(ours, unit)],
      ['peer', ({ peer, unit }) => (peer === null ? '' : figure(peer, unit))],
      ['', ({ peerIs }) => escapeCell(peerIs ?? '')],
      ['ratio', ({ ratio }) => (ratio === null ? '' : ratio.toFixed(2))],
    ],
    rows,
  )
}

/**
 * The rows of a primitive that have an `n`, as lines of one plot for each unit: `{ unit, lines: [{ name, isOurs, points }] }`.
 * Ours is one line. Each peer is another.
 */
export function costPlots({ rows }) {
  const withN = rows.filter(({ n }) => n !== undefined)
  const units = [...new Set(withN.map(({ unit }) => unit))]
  return units.map((unit) => {
    const ofUnit = withN.filter((row) => row.unit === unit)
    const named = ofUnit.flatMap(({ n, series = 'ours', ours, peer, peerIs }) => [
      { name: series, isOurs: true, point: [n, ours] },
      ...(peer === null ? [] : [{ name: peerIs ?? 'peer', isOurs: false, point: [n, peer] }]),
    ])
    const names = [...new Set(named.map(({ name }) => name))]
    const lines = names.map((name) => {
      const same = named.filter((entry) => entry.name === name)
      const points = [...new Map(same.map(({ point }) => [point[0], point])).values()]
      return { name, isOurs: same[0].isOurs, points: points.toSorted(([a], [b]) => a - b) }
    })
    return { unit, lines }
  })
}
