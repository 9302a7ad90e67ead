/** How long one turn of the event loop adopts, in milliseconds. Requests are answered in between. */
const sliceMs = 2

/** Runs adoptions in slices, in their order. Thousands at once would block the event loop. */
export class Adoptions {
  readonly #waiting: (() => void)[] = []
  #onRoom: () => void = () => {}
  #scheduled = false
  #isBehind = false

  /** @param adopt begins in a later turn. It must not throw */
  add(adopt: () => void): void {
    this.#waiting.push(adopt)
    this.#schedule()
  }

  /** Resolves when everything that was added is adopted. A predecessor sees by the answers how many this process can adopt. */
  async room(): Promise<void> {
    if (!this.#isBehind) return
    await new Promise<void>((resolve) => {
      this.#onRoom = resolve
    })
  }

  #schedule(): void {
    if (this.#scheduled) return
    this.#scheduled = true
    setImmediate(() => {
      this.#scheduled = false
      this.#adoptSlice()
    })
  }

  #adoptSlice(): void {
    const endsAt = performance.now() + sliceMs
    while (this.#waiting.length > 0) {
      this.#waiting.shift()?.()
      if (performance.now() >= endsAt) break
    }
    this.#isBehind = this.#waiting.length > 0
    if (this.#isBehind) this.#schedule()
    else this.#onRoom()
  }
}
