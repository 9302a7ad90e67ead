import { figure } from './markdown.mjs'
import { dot, line, polyline, svg, text } from './svg.mjs'

const margin = 0.15
const area = { left: 76, top: 50, width: 480, height: 260 }

/** Cost against N, both on logarithmic axes: `lines` as `costPlots` returns them. A line that rises by a decade a decade is linear. */
export function linePlot({ title, unit, lines, width = 860 }) {
  const points = lines.flatMap((one) => one.points).filter(([n, cost]) => n > 0 && cost > 0)
  const x = logScale(
    points.map(([n]) => n),
    area.left,
    area.left + area.width,
  )
  const y = logScale(
    points.map(([, cost]) => cost),
    area.top + area.height,
    area.top,
  )
  const content = [
    ...ticksOf(points.map(([n]) => n)).map((n) =>
      text({
        x: x(n),
        y: area.top + area.height + 20,
        content: figure(n),
        className: 'muted',
        anchor: 'middle',
      }),
    ),
    text({
      x: area.left + area.width + 12,
      y: area.top + area.height + 20,
      content: 'N',
      className: 'muted',
    }),
    ...y.ticks.flatMap((cost) => [
      line({ x1: area.left, y1: y(cost), x2: area.left + area.width, y2: y(cost) }),
      text({
        x: area.left - 8,
        y: y(cost) + 4,
        content: figure(cost, unit),
        className: 'muted',
        anchor: 'end',
      }),
    ]),
    ...labelled(lines.map((one) => drawLine(one, x, y))),
  ]
  return svg({ width, height: area.top + area.height + 40, title, content })
}

function drawLine({ name, isOurs, points }, x, y) {
  const className = isOurs ? 'ours' : 'peer'
  const drawn = points.filter(([n, cost]) => n > 0 && cost > 0).map(([n, cost]) => [x(n), y(cost)])
  return {
    name,
    className,
    at: drawn.at(-1),
    content: [
      polyline({ points: drawn, className: `${className}-line`, dashed: !isOurs }),
      ...drawn.map(([cx, cy]) => dot({ x: cx, y: cy, className })),
    ],
  }
}

/** Names each line at its end. Names that would lie over each other move apart. */
function labelled(drawn) {
  let lowest = Number.NEGATIVE_INFINITY
  return drawn
    .filter(({ at }) => at !== undefined)
    .toSorted((a, b) => a.at[1] - b.at[1])
    .flatMap(({ name, className, at: [x, y], content }) => {
      lowest = Math.max(y + 4, lowest + 16)
      return [
        ...content,
        text({
          x: x + 10,
          y: lowest,
          content: name,
          className: className === 'ours' ? 'ours strong' : 'muted',
        }),
      ]
    })
}

/** The numbers that were measured are the ticks. Of many, some. */
function ticksOf(ns) {
  const distinct = [...new Set(ns)].toSorted((a, b) => a - b)
  const step = Math.ceil(distinct.length / 8)
  return distinct.filter((_, index) => index % step === 0)
}

/** A logarithmic scale with whole decades as ticks, and some between where there are few. */
function logScale(values, from, to) {
  const low = Math.min(...values) * (1 - margin)
  const high = Math.max(...values) * (1 + margin)
  const [start, end] = [Math.log10(low), Math.log10(high)]
  const scale = (value) => from + ((Math.log10(value) - start) / (end - start)) * (to - from)
  const decades = Array.from({ length: 16 }, (_, index) => index - 5)
  const ticks = (steps) =>
    decades
      .flatMap((decade) => steps.map((step) => step * 10 ** decade))
      .filter((tick) => tick >= low * 0.999 && tick <= high * 1.001)
  const whole = ticks([1])
  scale.ticks = whole.length >= 3 ? whole : ticks([1, 2, 5])
  if (scale.ticks.length === 0) scale.ticks = [low, high]
  return scale
}
