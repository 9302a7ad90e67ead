/** Limits the connections that are being moved. Each costs the program another descriptor, and waits until the other process answers. */
const maxInFlight = 256

/** Limits the connections that begin to move in one turn of the event loop. Requests are answered in between. */
const maxInTurn = 64

/** How many connections begin. Of thousands it is a part, so that they do not take longer than a few dozen groups. */
const firstGroup = 8
const firstPart = 1 / 64

/** An answer within this time, in milliseconds, lets one more connection move at a time. */
const quickMs = 5

/** The number of connections at a time doubles at least this often, in milliseconds. A slow machine must not delay the last one for long. */
const doublingMs = 100

/**
 * Decides how many connections move at a time. The other process has just started, so its code is not compiled yet, and its first answers
 * take ten times as long as later ones. All connections at once would wait for each other there, while this process still answers quickly.
 * So they begin with a few, and each quick answer adds one.
 *
 * All times are of `performance.now()`.
 */
export class MovePace {
  #first = firstGroup
  #limit = firstGroup
  #inFlight = 0
  #begunAt = 0

  /** @param open how many connections are there to move */
  begin(open: number, now: number): void {
    this.#first = Math.min(maxInFlight, Math.max(firstGroup, open * firstPart))
    this.#limit = this.#first
    this.#begunAt = now
  }

  /** How many connections may begin to move in this turn. */
  get room(): number {
    return Math.min(maxInTurn, Math.floor(this.#limit) - this.#inFlight)
  }

  sent(): void {
    this.#inFlight += 1
  }

  /** @param sentAt when {@link sent} was called for it */
  answered(sentAt: number, now: number): void {
    this.#inFlight -= 1
    const byAnswers = this.#limit + Math.min(1, quickMs / (now - sentAt))
    const byTime = this.#first * 2 ** ((now - this.#begunAt) / doublingMs)
    this.#limit = Math.min(maxInFlight, Math.max(byAnswers, byTime))
  }
}
