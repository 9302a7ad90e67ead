import { Latencies } from '../load/latencies.mjs'

/** The row of a cell, from the counts of its phases. */
export function summarize({ base, reloads, waits, final, problem, leftProcesses }) {
  return {
    ...(problem === undefined ? {} : { problem: oneLine(problem) }),
    ...(leftProcesses > 0 ? { leftProcesses } : {}),
    ...(base ? { base: phaseRow([base]) } : {}),
    ...(base ? { withReloads: phaseRow([...reloads, ...waits, ...(final ? [final] : [])]) } : {}),
    reloads: reloads.map((reload) => ({
      ...phaseRow([reload]),
      reloadMs: round(reload.reloadMs),
      firstNewMs: round(reload.firstNewMs),
      onlyNewMs: round(reload.onlyNewMs),
    })),
  }
}

/** Sums of one or more phases, with the quantiles of all their latencies together. */
function phaseRow(phases) {
  const latencies = new Latencies()
  for (const phase of phases) latencies.merge(phase.latencies)
  const timed = phases.filter(({ usage }) => usage)
  return {
    ok: sumOf(phases, 'ok'),
    failed: sumOf(
      phases.flatMap(({ failures }) => Object.values(failures).map((count) => ({ count }))),
      'count',
    ),
    failures: mergedFailures(phases),
    reconnects: sumOf(phases, 'reconnects'),
    closedIdle: sumOf(phases, 'closedIdle'),
    cut: sumOf(phases, 'cut'),
    perSecond: round((1_000 * sumOf(timed, 'ok')) / sumOf(timed, 'elapsedMs')),
    longestGapMs: round(Math.max(0, ...timed.map(({ longestGapMs }) => longestGapMs))),
    latencyMs: mapValues(latencies.summary, round),
    usage: usageOf(timed),
  }
}

function mergedFailures(phases) {
  const merged = {}
  for (const { failures } of phases) {
    for (const [kind, count] of Object.entries(failures)) merged[kind] = (merged[kind] ?? 0) + count
  }
  return merged
}

/** The means of CPU, and the peaks of memory. */
function usageOf(phases) {
  if (phases.length === 0) return undefined
  const of = (who) => {
    const used = phases.map(({ usage }) => usage[who]).filter((usage) => usage !== undefined)
    if (used.length === 0) return undefined
    return {
      rss: round(Math.max(...used.map(({ rss }) => rss))),
      pss: round(Math.max(...used.map(({ pss }) => pss))),
      cpu: round(sumOf(used, 'cpu') / used.length),
    }
  }
  return {
    tree: of('tree'),
    supervisor: of('supervisor'),
    client: of('client'),
    elsewhereCpu: round(
      sumOf(
        phases.map(({ usage }) => usage.elsewhere),
        'cpu',
      ) / phases.length,
    ),
    processes: Math.max(...phases.map(({ usage }) => usage.processes)),
  }
}

function sumOf(rows, field) {
  return rows.reduce((sum, row) => sum + row[field], 0)
}

function mapValues(object, map) {
  return Object.fromEntries(Object.entries(object).map(([key, value]) => [key, map(value)]))
}

function round(value) {
  if (value === null || value === undefined || !Number.isFinite(value)) return null
  return value >= 100 ? Math.round(value) : Math.round(value * 100) / 100
}

function oneLine(text) {
  return text.replace(/\s+/g, ' ').slice(0, 300)
}
