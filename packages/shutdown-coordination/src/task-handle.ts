/** Holds a shutdown up until it is done: `using task = coordinator.task('import')`, or call `done()`. */
export class TaskHandle implements Disposable {
  readonly #onDone: (handle: TaskHandle) => void

  constructor(
    readonly name: string,
    /** A weak task gets the signal, but nobody waits for it. */
    readonly weak: boolean,
    /** Aborts when a shutdown begins: the moment to come to an end. */
    readonly signal: AbortSignal,
    onDone: (handle: TaskHandle) => void,
  ) {
    this.#onDone = onDone
  }

  /** The task is over. May be called twice. */
  done(): void {
    this.#onDone(this)
  }

  [Symbol.dispose](): void {
    this.done()
  }
}
