import { figure, table } from './markdown.mjs'

const cell = (shape, read) => (peer) => {
  const row = shape?.rows.find((candidate) => candidate.peer.name === peer.name)
  return row?.reloads === undefined ? '–' : read(row)
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
      ['', ({ title, isOurs }) => (isOurs ? `**${title}**` : title)],
      ...columns.filter(([shape]) => shape).map(([shape, heading, read]) => [heading, cell(shape, read)]),
    ],
    measured,
  )
  return `Reloads under each load: ${options.reloads}. The factor compares p99 with reloads to p99 without.\n\n${figures}`
}
