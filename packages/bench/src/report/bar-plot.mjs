import { figure } from './markdown.mjs'
import { line, rect, svg, text } from './svg.mjs'

const rowHeight = 30
const top = 70
const gap = 24
const valueWidth = 76
const longestLabel = 30

/**
 * Horizontal bars: a row a peer, and a panel a figure. `panels`: `{ title, values(row) }`, where a value is
 * `{ value, className }`, and `value` is null where a row has none. Two values make two bars.
 */
export function barPlot({ title, rows, panels, width = 960 }) {
  const labelWidth = 16 + 7 * Math.min(longestLabel, Math.max(...rows.map(({ label }) => label.length)))
  const panelWidth = (width - labelWidth - 16) / panels.length - gap
  const height = top + rowHeight * rows.length + 14
  const content = [
    ...rows.map(({ label, isOurs }, index) =>
      text({
        x: labelWidth,
        y: top + rowHeight * index + 19,
        content: shortened(label),
        className: isOurs ? 'ours strong' : 'ink',
        anchor: 'end',
      }),
    ),
    ...panels.flatMap((panel, index) =>
      drawPanel(panel, rows, { x: labelWidth + 16 + index * (panelWidth + gap), width: panelWidth, height }),
    ),
  ]
  return svg({ width, height, title, content })
}

function drawPanel({ title, values }, rows, { x, width, height }) {
  const all = rows.flatMap((row) => values(row).map(({ value }) => value ?? 0))
  const scale = (width - valueWidth) / Math.max(...all, Number.MIN_VALUE)
  return [
    text({ x, y: top - 14, content: title, className: 'muted' }),
    line({ x1: x, y1: top - 4, x2: x, y2: height - 12 }),
    ...rows.flatMap((row, index) => drawRow(values(row), { x, y: top + rowHeight * index, scale })),
  ]
}

function drawRow(bars, { x, y, scale }) {
  const barHeight = bars.length === 1 ? 16 : 11
  const longest = Math.max(...bars.map(({ value }) => (value ?? 0) * scale))
  return [
    ...bars
      .filter(({ value }) => value > 0)
      .map(({ value, className }, index) =>
        rect({
          x,
          y: y + (bars.length === 1 ? 6 : 3 + index * (barHeight + 1)),
          width: Math.max(1, value * scale),
          height: barHeight,
          className,
        }),
      ),
    text({
      x: x + longest + 6,
      y: y + 19,
      content: bars.map(({ value, shown = figure(value) }) => shown).join(' → '),
      className: 'muted',
    }),
  ]
}

function shortened(label) {
  return label.length <= longestLabel ? label : `${label.slice(0, longestLabel - 1)}…`
}
