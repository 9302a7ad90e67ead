import { barPlot } from './bar-plot.mjs'
import { linePlot } from './line-plot.mjs'
import { costPlots } from './primitive-rows.mjs'

/** The plot of a shape, as `[file name, SVG]`. Undefined where nothing was measured. */
export function shapePlot({ name, title, family, rows }) {
  const measured = rows
    .filter(({ reloads }) => reloads !== undefined)
    .map((row) => ({ ...row, label: row.peer.title, isOurs: row.peer.isOurs }))
  if (measured.length === 0) return undefined
  const isLive = family === 'L' || family === 'LW'
  return [`${name}.svg`, barPlot({ title, rows: measured, panels: isLive ? livePanels : requestPanels })]
}

/** The plots of a primitive: cost against N. */
export function primitivePlots(primitive) {
  return costPlots(primitive).map(({ title, unit, lines }, index) => [
    `${primitive.name}${index === 0 ? '' : `-${index + 1}`}.svg`,
    linePlot({ title, unit, lines }),
  ])
}

const colour = (row) => (row.isOurs ? 'ours' : 'peer')

const onlyNew = {
  title: 'ms until only the new version answers',
  values: (row) => [{ value: row.onlyNewMs, className: colour(row) }],
}

const longestGap = {
  title: 'longest gap without an answer, ms',
  values: (row) => [{ value: row.longestGapMs, className: colour(row) }],
}

const requestPanels = [
  { title: 'failed requests', values: ({ failed }) => [{ value: failed, className: 'bad' }] },
  {
    title: 'p99 without → with reloads, ms',
    values: (row) => [
      { value: row.base.p99, className: 'base' },
      { value: row.withReloads.p99, className: colour(row) },
    ],
  },
  onlyNew,
]

const livePanels = [
  { title: 'cut per reload', values: ({ cutPerReload }) => [{ value: cutPerReload, className: 'bad' }] },
  longestGap,
  onlyNew,
]
