export type OccupancyLimits = {
  maxSilentClients: number
  maxRequestsOfAKind: number
}

/** Counts clients by what they do, so that clients of one kind cannot use up the places of another. */
export class Occupancy {
  readonly #limits: OccupancyLimits
  /** Closes each client that has not sent a request yet, the oldest first. */
  readonly #silent = new Set<() => void>()
  readonly #answering = new Map<string, number>()

  constructor(limits: OccupancyLimits) {
    this.#limits = limits
  }

  /**
   * Admits a client that has not sent a request yet. If there are too many of them, it closes the oldest one.
   *
   * @param close closes this client, to make room for a later one
   * @returns a function to call when the client has sent its request, or has gone
   */
  arrive(close: () => void): () => void {
    this.#silent.add(close)
    // After two turns of the event loop the clients of this turn have been read. A crowd that connects at once must not
    // push out a client between its connection and its request.
    setImmediate(() => setImmediate(() => this.#makeRoom()))
    return () => void this.#silent.delete(close)
  }

  /** Takes a place for a request of a kind until it is disposed. Returns undefined if all of that kind are taken. */
  begin(kind: string): Disposable | undefined {
    const taken = this.#answering.get(kind) ?? 0
    if (taken >= this.#limits.maxRequestsOfAKind) return undefined
    this.#answering.set(kind, taken + 1)
    return { [Symbol.dispose]: () => this.#end(kind) }
  }

  /** Each arrival makes room once, so a client is never closed for one that came in an earlier turn than it. */
  #makeRoom(): void {
    if (this.#silent.size <= this.#limits.maxSilentClients) return
    const [closeOldest] = this.#silent
    if (closeOldest === undefined) return
    this.#silent.delete(closeOldest)
    closeOldest()
  }

  #end(kind: string): void {
    const taken = this.#answering.get(kind) ?? 0
    if (taken > 1) this.#answering.set(kind, taken - 1)
    else this.#answering.delete(kind)
  }
}
