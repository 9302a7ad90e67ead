import { restoreOnExit } from './restore-on-exit.ts'

/** The part of a terminal's stream that a view needs. */
export type Screen = Pick<NodeJS.WriteStream, 'write' | 'on' | 'off'> & { columns?: number; rows?: number }

/** Draws the lines for a screen of this many columns. */
export type Frame = (width: number | undefined) => readonly string[]

/** xterm's control sequences, which the terminals of today share. */
const ENTER = '\x1b[?1049h\x1b[?25l'
const LEAVE = '\x1b[?25h\x1b[?1049l'
const HOME = '\x1b[H'
const CLEAR_LINE = '\x1b[K'
const CLEAR_BELOW = '\x1b[J'

/**
 * Shows frames on the alternate screen, so that the scrollback keeps what was there. The last frame stays on the normal
 * screen, however the process ends.
 */
export class LiveView implements Disposable {
  readonly #screen: Screen
  readonly #hold: Disposable
  #frame: Frame | undefined
  #isShown = false

  constructor(screen: Screen) {
    this.#screen = screen
    this.#hold = restoreOnExit(
      () => this.#leave(),
      () => this.#draw(),
    )
    screen.on('resize', this.#draw)
  }

  show(frame: Frame): void {
    this.#frame = frame
    this.#draw()
  }

  [Symbol.dispose](): void {
    this.#screen.off('resize', this.#draw)
    this.#hold[Symbol.dispose]()
    this.#leave()
  }

  /** In one write: a terminal that shows half a frame flickers. */
  readonly #draw = (): void => {
    if (this.#frame === undefined) return
    // A terminal whose size was never set, such as a serial console, reports 0 for both.
    const { columns, rows } = this.#screen
    const lines = fitHeight(this.#frame(columns || 80), rows || 24)
    const enter = this.#isShown ? '' : ENTER
    this.#isShown = true
    this.#screen.write(enter + HOME + lines.map((line) => line + CLEAR_LINE).join('\n') + CLEAR_BELOW)
  }

  #leave(): void {
    if (!this.#isShown) return
    this.#isShown = false
    const last = this.#frame?.(undefined) ?? []
    this.#screen.write(`${LEAVE}${last.map((line) => `${line}\n`).join('')}`)
  }
}

/** Keeps the header, and says how much is not shown. */
function fitHeight(lines: readonly string[], rows: number): readonly string[] {
  if (lines.length <= rows) return lines
  return [...lines.slice(0, Math.max(rows - 1, 1)), `… ${lines.length - rows + 1} more lines`].slice(0, rows)
}
