/** The events that one `for await` has not taken yet. It holds as many as the loop is behind. */
export class EventQueue<Event> implements AsyncIterableIterator<Event> {
  readonly #onReturn: () => void
  readonly #queued: Event[] = []
  readonly #waiting: ((result: IteratorResult<Event, undefined>) => void)[] = []
  #isOver = false

  /** @param onReturn called when the loop is left early, so that nothing is queued for it any more */
  constructor(onReturn: () => void) {
    this.#onReturn = onReturn
  }

  push(event: Event): void {
    const take = this.#waiting.shift()
    if (take === undefined) this.#queued.push(event)
    else take({ done: false, value: event })
  }

  /** Ends the loop after the queued events. */
  end(): void {
    this.#isOver = true
    for (const take of this.#waiting.splice(0)) take({ done: true, value: undefined })
  }

  next(): Promise<IteratorResult<Event, undefined>> {
    if (this.#queued.length > 0) return Promise.resolve({ done: false, value: this.#queued.shift() as Event })
    if (this.#isOver) return Promise.resolve({ done: true, value: undefined })
    return new Promise((resolve) => this.#waiting.push(resolve))
  }

  return(): Promise<IteratorResult<Event, undefined>> {
    this.#onReturn()
    this.#queued.length = 0
    this.end()
    return this.next()
  }

  [Symbol.asyncIterator](): this {
    return this
  }
}
