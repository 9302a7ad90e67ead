import { change, escapeCell, figure, table } from './markdown.mjs'
import { endNote, hasUnknownNoise, isNoisy, noiseNote, notMeasured } from './notes.mjs'

const named = ({ peer }) => (peer.isOurs ? `**${escapeCell(peer.title)}**` : escapeCell(peer.title))

const failed = ({ failed, failedRange: { min, max } }) =>
  min === max ? figure(failed) : `${figure(failed)} (${figure(min)} to ${figure(max)})`

const requestColumns = [
  ['', named],
  ['failed', failed],
  ['how', ({ kinds }) => kinds.map(({ kind, count }) => `${figure(count)} ${kind}`).join(', ')],
  ['reconnects', ({ reconnects }) => figure(reconnects)],
  ['p50 ms', ({ base, withReloads }) => change(base.p50, withReloads.p50)],
  ['p99 ms', ({ base, withReloads }) => change(base.p99, withReloads.p99)],
  ['p99.9 ms', ({ base, withReloads }) => change(base.p999, withReloads.p999)],
  ['max ms', ({ base, withReloads }) => change(base.max, withReloads.max)],
]

const timeColumns = [
  ['longest gap ms', ({ baseGapMs, longestGapMs }) => change(baseGapMs, longestGapMs)],
  ['only new ms', ({ onlyNewMs, onlyNewMaxMs }) => `${figure(onlyNewMs)} (max ${figure(onlyNewMaxMs)})`],
  ['requests/s', ({ throughput }) => figure(throughput)],
  [
    'with reloads',
    ({ throughputRatio }) => (throughputRatio === null ? '–' : `× ${throughputRatio.toFixed(2)}`),
  ],
]

const costColumns = [
  ['RSS of the tree MB', ({ tree }) => change(tree?.rss ?? null, tree?.peakRss ?? null)],
  ['PSS MB', ({ tree }) => figure(tree?.pss)],
  ['CPU of the tree', ({ tree }) => change(tree?.cpu ?? null, tree?.cpuWithReloads ?? null)],
  ['supervisor RSS MB', ({ supervisor }) => figure(supervisor?.rss)],
  ['supervisor PSS MB', ({ supervisor }) => figure(supervisor?.pss)],
  ['supervisor CPU', ({ supervisor }) => change(supervisor?.cpu ?? null, supervisor?.cpuWithReloads ?? null)],
  ['client CPU', ({ client }) => change(client?.cpu ?? null, client?.cpuWithReloads ?? null)],
]

const liveColumns = [
  ['', named],
  ['cut per reload', ({ cutPerReload }) => figure(cutPerReload)],
  ['failed', failed],
  ['how', ({ kinds }) => kinds.map(({ kind, count }) => `${figure(count)} ${kind}`).join(', ')],
  ['reconnects', ({ reconnects }) => figure(reconnects)],
]

/** The tables of one shape: what clients see, then what it costs. Rows without figures follow as a list of reasons. */
export function shapeTables({ family, rows }) {
  const isLive = family === 'L' || family === 'LW'
  const measured = rows.filter(({ reloads }) => reloads !== undefined)
  if (measured.length === 0) return reasons(rows)
  const [name] = requestColumns
  const seen = isLive
    ? [...liveColumns, ['echo p99 ms', requestColumns[5][1]], ...timeColumns.slice(0, 2)]
    : requestColumns
  const costs = [name, ...(isLive ? [] : timeColumns), ...costColumns]
  return [table(seen, measured), table(costs, measured), reasons(rows)]
    .filter((text) => text !== '')
    .join('\n\n')
}

function reasons(rows) {
  return rows.flatMap((row) => notes(row).map((note) => `- ${row.peer.title}: ${note}`)).join('\n')
}

function notes(row) {
  const { refused, problem, baseFailed } = row
  return [
    ...(refused ? [`left out, ${refused}`] : []),
    ...(problem ? [endNote(row)] : []),
    ...(baseFailed ? [`${baseFailed} failed without a reload`] : []),
    ...(isNoisy(row) ? [noiseNote(row)] : []),
    ...(hasUnknownNoise(row) ? [notMeasured] : []),
  ]
}
