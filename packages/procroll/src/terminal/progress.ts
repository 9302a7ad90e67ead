import { escapeUnprintable } from '@shellflip/internal'
import { formatDuration } from '../arguments/go-duration.ts'

const REFRESH_MS = 100

export type Phase = {
  text: string
  /** How long the phase may take, in milliseconds: a terminal shows how much of it has passed. */
  limitMs?: number
}

/** What is going on: on a terminal one live line on stderr, elsewhere a plain line for each phase. */
export class Progress implements Disposable {
  readonly #stream: NodeJS.WriteStream
  #phase: Phase = { text: '' }
  #since = 0
  #refresh: NodeJS.Timeout | undefined

  constructor(stream: NodeJS.WriteStream = process.stderr) {
    this.#stream = stream
  }

  enter(phase: Phase): void {
    this.#phase = { ...phase, text: escapeUnprintable(phase.text) }
    this.#since = performance.now()
    if (!this.#stream.isTTY) {
      const limit = phase.limitMs === undefined ? '' : ` (${formatDuration(phase.limitMs)} at most)`
      this.#stream.write(`${this.#phase.text}${limit}\n`)
      return
    }
    this.#draw()
    this.#refresh ??= setInterval(() => this.#draw(), REFRESH_MS)
  }

  /** Takes the live line away, so that the outcome can stand in its place. */
  [Symbol.dispose](): void {
    if (this.#refresh === undefined) return
    clearInterval(this.#refresh)
    this.#refresh = undefined
    this.#stream.write('\r\x1b[K')
  }

  #draw(): void {
    const { text, limitMs } = this.#phase
    const elapsed = `${((performance.now() - this.#since) / 1000).toFixed(1)}s`
    const line =
      limitMs === undefined ? `${text} ${elapsed}` : `${text} ${elapsed} of ${formatDuration(limitMs)}`
    this.#stream.write(`\r\x1b[K${line.slice(0, (this.#stream.columns || 80) - 1)}`)
  }
}
