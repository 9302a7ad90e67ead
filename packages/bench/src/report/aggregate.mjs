/** The medians over the runs of each peer under each shape, as rows that tables and plots share. */
export function aggregate({ peers, shapes, cells }) {
  return shapes.map((shape) => ({
    ...shape,
    rows: peers
      .filter(({ unavailable }) => unavailable === undefined)
      .map((peer) =>
        rowOf(
          peer,
          cells.filter((cell) => cell.peer === peer.name && cell.shape === shape.name),
        ),
      ),
  }))
}

function rowOf(peer, cells) {
  const { refused } = cells[0] ?? { refused: 'not measured' }
  const ended = cells.filter(({ problem }) => problem !== undefined)
  const measured = cells.filter(({ withReloads, reloads }) => withReloads && reloads.length > 0)
  const common = {
    peer,
    ...(refused ? { refused } : {}),
    ...(ended.length > 0 ? problemOf(ended) : {}),
  }
  if (measured.length === 0) return common
  const mid = (read) => median(measured.map(read))
  const upperMid = (read) => upperMedian(measured.map(read))
  const reloads = measured.flatMap((cell) => cell.reloads)
  const onlyNew = reloads.map(({ onlyNewMs }) => onlyNewMs ?? Number.POSITIVE_INFINITY)
  return {
    ...common,
    reloads: mid((cell) => cell.reloads.length),
    requests: mid(({ withReloads }) => withReloads.ok + withReloads.failed),
    failed: upperMid(({ withReloads }) => withReloads.failed),
    failedRange: rangeOf(measured.map(({ withReloads }) => withReloads.failed)),
    kinds: kindsOf(measured),
    hanging: upperMid(({ withReloads }) => withReloads.failures.hanging ?? 0),
    reconnects: mid(({ withReloads }) => withReloads.reconnects),
    cutPerReload: upperMid(({ withReloads, reloads: { length } }) => withReloads.cut / length),
    base: latenciesOf(measured, 'base'),
    withReloads: latenciesOf(measured, 'withReloads'),
    p99Ratio: mid(({ base, withReloads }) => ratio(withReloads.latencyMs.p99, base.latencyMs.p99)),
    baseGapMs: mid(({ base }) => base.longestGapMs),
    longestGapMs: Math.max(...measured.map(({ withReloads }) => withReloads.longestGapMs)),
    onlyNewMs: finite(median(onlyNew)),
    onlyNewMaxMs: finite(Math.max(...onlyNew)),
    throughput: mid(({ base }) => base.perSecond),
    throughputRatio: mid(({ base, withReloads }) => ratio(withReloads.perSecond, base.perSecond)),
    tree: usageOf(measured, 'tree'),
    supervisor: usageOf(measured, 'supervisor'),
    client: usageOf(measured, 'client'),
    elsewhereCpu: elsewhereCpuOf(measured),
    baseFailed: measured.reduce((sum, { base }) => sum + base.failed, 0),
  }
}

/** The cell that ended after the fewest reloads. */
function problemOf(ended) {
  const [first] = ended.toSorted((a, b) => a.reloads.length - b.reloads.length)
  return { problem: first.problem, endedAfter: first.reloads.length }
}

/** Null where a phase of the row lacks the figure: then nobody knows what else ran. */
function elsewhereCpuOf(cells) {
  const phases = cells.map(({ base, withReloads }) =>
    [base, withReloads].map(({ usage }) => usage?.elsewhereCpu ?? null),
  )
  return phases.flat().includes(null) ? null : upperMedian(phases.map((figures) => Math.max(...figures)))
}

function latenciesOf(cells, phase) {
  const names = ['p50', 'p99', 'p999', 'max']
  return Object.fromEntries(
    names.map((name) => [name, median(cells.map((cell) => cell[phase].latencyMs[name]))]),
  )
}

/** Memory of the base phase and its peak with reloads, in MB, and CPU seconds a second. */
function usageOf(cells, who) {
  if (cells.some(({ base }) => !base.usage?.[who])) return undefined
  const mid = (read) => median(cells.map(read))
  return {
    rss: mid(({ base }) => base.usage[who].rss),
    pss: mid(({ base }) => base.usage[who].pss),
    peakRss: mid(({ withReloads }) => withReloads.usage[who].rss),
    cpu: mid(({ base }) => base.usage[who].cpu),
    cpuWithReloads: mid(({ withReloads }) => withReloads.usage[who].cpu),
  }
}

function kindsOf(cells) {
  const kinds = new Map()
  for (const { withReloads } of cells) {
    for (const [kind, count] of Object.entries(withReloads.failures)) {
      kinds.set(kind, (kinds.get(kind) ?? 0) + count / cells.length)
    }
  }
  return [...kinds].map(([kind, count]) => ({ kind, count: Math.round(count) }))
}

/** The lower one of two middle values. Null stands for no value. */
export function median(values) {
  const present = sorted(values)
  return present.length === 0 ? null : present[Math.floor((present.length - 1) / 2)]
}

/** The upper one of two middle values. Counts of failures use it, so that an even number of runs hides none. */
function upperMedian(values) {
  const present = sorted(values)
  return present.length === 0 ? null : present[Math.floor(present.length / 2)]
}

function sorted(values) {
  return values.filter((value) => value !== null && value !== undefined).toSorted((a, b) => a - b)
}

function rangeOf(values) {
  return { min: Math.min(...values), max: Math.max(...values) }
}

function ratio(value, base) {
  return value === null || base === null || base === 0 ? null : value / base
}

function finite(value) {
  return Number.isFinite(value) ? value : null
}
