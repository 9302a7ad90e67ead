// Shows the demo: on a terminal a live table under its lines, else the lines alone.
const columns = [
  ['generation', (row) => `${row.generation}`],
  ['version', (row) => row.version ?? ''],
  ['pid', (row) => `${row.pid ?? ''}`],
  ['state', (row) => row.state],
  ['requests', (row) => row.requests.toLocaleString('en')],
]
const refreshMs = 100

export class Display {
  #generations = new Map()
  #load
  #timer
  #drawnLines = 0

  /** Takes what `procroll status --json` says. Generations that it no longer lists have exited. */
  update({ generations }) {
    for (const row of this.#generations.values()) row.state = 'exited'
    for (const generation of generations) this.#generations.set(generation.generation, { ...generation })
  }

  /** Shows how often each generation has answered. */
  follow(load) {
    this.#load = load
    if (process.stdout.isTTY) this.#timer = setInterval(() => this.#draw(), refreshMs)
  }

  say(line) {
    this.#erase()
    console.log(line)
    if (this.#timer) this.#draw()
  }

  /** Leaves the table as it is at the end. */
  end() {
    if (!this.#timer) return
    clearInterval(this.#timer)
    this.#timer = undefined
    this.#draw()
    this.#drawnLines = 0
  }

  #draw() {
    const rows = [...this.#generations.values()].map((row) => ({
      ...row,
      version: undefined,
      requests: 0,
      ...this.#load.answers.get(row.pid),
    }))
    const cells = [
      columns.map(([title]) => title),
      ...rows.map((row) => columns.map(([, text]) => text(row))),
    ]
    const widths = columns.map((_, column) => Math.max(...cells.map((row) => row[column].length)))
    const lines = cells.map((row) =>
      row
        .map((text, column) => text.padEnd(widths[column]))
        .join('  ')
        .trimEnd(),
    )
    const total = `${this.#load.requests.toLocaleString('en')} requests, ${this.#load.failed} failed`
    this.#erase()
    process.stdout.write(`\n${lines.join('\n')}\n\n${total}\n`)
    this.#drawnLines = lines.length + 3
  }

  #erase() {
    if (this.#drawnLines === 0) return
    const upAndClear = `\x1b[${this.#drawnLines}A\x1b[J`
    process.stdout.write(upAndClear)
    this.#drawnLines = 0
  }
}
