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
 * The rows that differ by one number, as plots of cost against that number: `{ title, unit, lines: [{ name, isOurs, points }] }`.
 * `state of 16 MiB` and `state of 256 MiB` are two points of `state of N MiB`. Ours is one line, and each peer is another.
 */
export function costPlots({ rows }) {
  const numbered = rows.map(withNumber).filter(({ n }) => n > 0)
  const keys = [...new Set(numbered.map(keyOf))]
  return keys
    .map((key) => numbered.filter((row) => keyOf(row) === key))
    .filter((group) => new Set(group.map(({ n }) => n)).size > 1)
    .map((group) => ({ title: group[0].title, unit: group[0].unit, lines: linesOf(group) }))
}

const keyOf = ({ title, unit }) => `${title}, ${unit}`

function withNumber(row) {
  const [number] = /\d[\d,]*/.exec(row.what) ?? []
  return { ...row, title: row.what.replace(number, 'N'), n: row.n ?? Number(number?.replaceAll(',', '')) }
}

function linesOf(group) {
  const named = group.flatMap(({ n, ours, peer, peerIs }) => [
    { name: 'ours', isOurs: true, point: [n, ours] },
    ...(peer === null ? [] : [{ name: peerIs, isOurs: false, point: [n, peer] }]),
  ])
  return [...new Set(named.map(({ name }) => name))].map((name) => {
    const same = named.filter((entry) => entry.name === name)
    // Ours stands in a row for each peer.
    const points = [...new Map(same.map(({ point }) => [point[0], point])).values()]
    return { name, isOurs: same[0].isOurs, points: points.toSorted(([a], [b]) => a - b) }
  })
}
