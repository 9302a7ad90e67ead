/** How long one turn of the event loop adopts, in milliseconds. Requests are answered in between. */
const sliceMs = 2

/** How many adoptions may wait before no further connection is accepted. */
const maxWaiting = 256

/** Runs adoptions in slices, in their order. Thousands at once would block the event loop. */
export class Adoptions {
  readonly #waiting: (() => void)[] = []
  #onRoom: (() => void) | undefined
  #scheduled = false

  /** @param adopt begins in a later turn. It must not throw */
  add(adopt: () => void): void {
    this.#waiting.push(adopt)
    this.#schedule()
  }

  /** Resolves when another connection may be accepted. */
  async room(): Promise<void> {
    if (this.#waiting.length < maxWaiting) return
    await new Promise<void>((resolve) => {
      this.#onRoom = resolve
    })
  }

  #schedule(): void {
    if (this.#scheduled || this.#waiting.length === 0) return
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
    if (this.#waiting.length < maxWaiting) this.#onRoom?.()
    this.#schedule()
  }
}
