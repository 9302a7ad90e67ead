/** One line for each cell and primitive. */
export class Progress {
  #write
  #done = 0
  #total = 0
  #begunAt = 0

  constructor(write = (text) => process.stdout.write(text)) {
    this.#write = write
  }

  unavailable(name, reason) {
    this.#write(`${name} cannot run here: ${reason}\n`)
  }

  plan(total, estimateMs) {
    this.#total = total
    this.#write(`${total} cells and primitives. The cells take about ${Math.ceil(estimateMs / 60_000)} min\n`)
  }

  begin(what) {
    this.#done += 1
    this.#begunAt = performance.now()
    this.#write(`[${this.#done}/${this.#total}] ${what}: `)
  }

  cell(row) {
    this.#end(row.refused ? `left out: ${row.refused}` : describe(row))
  }

  primitive({ rows, problem }) {
    this.#end(problem ?? `${rows.length} rows`)
  }

  #end(text) {
    this.#write(`${text} (${Math.round((performance.now() - this.#begunAt) / 1_000)} s)\n`)
  }
}

function describe({ problem, base, withReloads, reloads }) {
  if (!withReloads) return `failed: ${problem}`
  const { failed, failures, cut, latencyMs } = withReloads
  const kinds = Object.entries(failures).map(([kind, count]) => `${count} ${kind}`)
  const parts = [
    `${failed} failed in ${reloads.length} ${reloads.length === 1 ? 'reload' : 'reloads'}${failed > 0 ? ` (${kinds.join(', ')})` : ''}`,
    ...(cut > 0 ? [`${cut} cut`] : []),
    ...(latencyMs.p99 === null ? [] : [`p99 ${base.latencyMs.p99} -> ${latencyMs.p99} ms`]),
    ...(problem ? [`then ${problem}`] : []),
  ]
  return parts.join(', ')
}
