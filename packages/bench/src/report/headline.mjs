import { escapeCell, figure, table } from './markdown.mjs'
import { endNote, hasUnknownNoise, isNoisy, noiseNote, notMeasured } from './notes.mjs'

const rowOf = (shape, peer) => shape?.rows.find((candidate) => candidate.peer.name === peer.name)

/** Figures of a row whose reloads ended early would pass for whole ones. */
const cell = (shape, read) => (peer) => {
  const row = rowOf(shape, peer)
  if (row?.problem !== undefined) return `ended after ${row.endedAfter}`
  if (row?.reloads === undefined) return '–'
  const text = read(row)
  return isNoisy(row) && text !== '–' ? `${text} (noisy)` : text
}

const times = (value) => (value === null ? '–' : `× ${value.toFixed(1)}`)

/** One row a peer over the shapes that matter most. Columns of shapes that were not measured are left out. */
export function headline({ aggregated, peers, options }) {
  const shapeOf = (name) => aggregated.find((shape) => shape.name === name)
  const [kept, thinking, anew, live] = ['K64', 'K64-think', 'N32', 'L200'].map(shapeOf)
  const failed = ({ failed: count }) => figure(count)
  const columns = [
    [kept, 'failed: 64 keep-alive connections', failed],
    [kept, 'reconnects', ({ reconnects }) => figure(reconnects)],
    [thinking, 'failed: with 20 ms think time', failed],
    [anew, 'failed: new connections', failed],
    [live, 'of 200 live connections, cut per reload', ({ cutPerReload }) => figure(cutPerReload)],
    [kept, 'p99 with reloads', ({ p99Ratio }) => times(p99Ratio)],
    [kept, 'ms until only the new version answers', ({ onlyNewMs }) => figure(onlyNewMs)],
    [kept, 'supervisor, MB', ({ supervisor }) => figure(supervisor?.rss)],
  ]
  if (!columns.some(([shape]) => shape))
    return 'The headline needs one of the shapes K64, K64-think, N32 and L200.'
  const measured = peers.filter((peer) => columns.some(([shape, , read]) => cell(shape, read)(peer) !== '–'))
  const figures = table(
    [
      ['', ({ title, isOurs }) => (isOurs ? `**${escapeCell(title)}**` : escapeCell(title))],
      ...columns.filter(([shape]) => shape).map(([shape, heading, read]) => [heading, cell(shape, read)]),
    ],
    measured,
  )
  const reloads = `Reloads under each load: ${options.reloads}. The factor compares p99 with reloads to p99 without.`
  const shapes = [kept, thinking, anew, live].filter(Boolean)
  return [reloads, figures, ...notes(shapes, measured)].join('\n\n')
}

/** The reasons behind `ended after` and `noisy`, as a list. A figure without a measure of noise is named by its shape alone. */
function notes(shapes, peers) {
  const lines = shapes.flatMap((shape) =>
    peers.flatMap((peer) => {
      const row = rowOf(shape, peer) ?? {}
      return [
        ...(row.problem === undefined ? [] : [endNote(row)]),
        ...(isNoisy(row) ? [noiseNote(row)] : []),
      ].map((note) => `- ${peer.title}, ${shape.name}: ${note}`)
    }),
  )
  const unknown = shapes.filter(({ rows }) => rows.some(hasUnknownNoise)).map(({ name }) => name)
  if (unknown.length > 0) lines.push(`- ${unknown.join(', ')}: ${notMeasured}`)
  return lines.length > 0 ? [lines.join('\n')] : []
}
