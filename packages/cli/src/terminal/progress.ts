import { escapeUnprintable } from '@shellflip/internal'
import { formatDuration } from '../go/duration.ts'
import { restoreOnExit } from './restore-on-exit.ts'
import { isLive } from './terminal-kind.ts'
import { cutToWidth } from './text-width.ts'

const REFRESH_MS = 100

const HIDE_CURSOR = '\x1b[?25l'
const SHOW_CURSOR = '\x1b[?25h'
const CLEAR_LINE = '\r\x1b[K'

type Phase = {
  text: string
  /** How long the phase may take, in milliseconds. A terminal shows how much of it has passed. */
  limitMs?: number
}

/** Shows what is going on: on a terminal one live line on stderr, elsewhere a plain line for each phase. */
export class Progress implements Disposable {
  readonly #stream: NodeJS.WriteStream
  #phase: Phase = { text: '' }
  #since = 0
  #live: { refresh: NodeJS.Timeout; hold: Disposable } | undefined
  #isDrawn = false

  constructor(stream: NodeJS.WriteStream = process.stderr) {
    this.#stream = stream
  }

  enter(phase: Phase): void {
    this.#phase = { ...phase, text: escapeUnprintable(phase.text) }
    this.#since = performance.now()
    if (!isLive(this.#stream)) {
      const limit = phase.limitMs === undefined ? '' : ` (${formatDuration(phase.limitMs)} at most)`
      this.#stream.write(`${this.#phase.text}${limit}\n`)
      return
    }
    this.#draw()
    this.#live ??= {
      refresh: setInterval(() => this.#draw(), REFRESH_MS),
      hold: restoreOnExit(
        () => this.#clear(),
        () => this.#draw(),
      ),
    }
  }

  /** Clears the live line, so that the outcome can take its place. */
  [Symbol.dispose](): void {
    if (this.#live === undefined) return
    clearInterval(this.#live.refresh)
    this.#live.hold[Symbol.dispose]()
    this.#live = undefined
    this.#clear()
  }

  #draw(): void {
    const { text, limitMs } = this.#phase
    const elapsed = `${((performance.now() - this.#since) / 1000).toFixed(1)}s`
    const line =
      limitMs === undefined ? `${text} ${elapsed}` : `${text} ${elapsed} of ${formatDuration(limitMs)}`
    const hide = this.#isDrawn ? '' : HIDE_CURSOR
    this.#isDrawn = true
    // A line that fills the last column wraps on some terminals.
    this.#stream.write(`${hide}${CLEAR_LINE}${cutToWidth(line, (this.#stream.columns || 80) - 1)}`)
  }

  #clear(): void {
    if (!this.#isDrawn) return
    this.#isDrawn = false
    this.#stream.write(`${CLEAR_LINE}${SHOW_CURSOR}`)
  }
}
