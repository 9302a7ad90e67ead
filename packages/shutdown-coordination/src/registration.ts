/** Something that a coordinator was given. `using` takes it back at the end of its scope, and `remove()` at once. */
export class Registration implements Disposable {
  readonly #undo: () => void

  constructor(undo: () => void) {
    this.#undo = undo
  }

  /** Takes it back, as if it had never been given. It may be called twice. */
  remove(): void {
    this.#undo()
  }

  [Symbol.dispose](): void {
    this.#undo()
  }
}
