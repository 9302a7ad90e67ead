/** Delays a shutdown until it is done: `using task = coordinator.task('import')`, or call `done()`. */
export class TaskHandle implements Disposable {
  readonly #onDone: (handle: TaskHandle) => void

  constructor(
    readonly name: string,
    /** Whether the task is weak: it gets the signal, but nothing waits for it. */
    readonly weak: boolean,
    /** Aborts when a shutdown begins, so that the task can end. */
    readonly signal: AbortSignal,
    onDone: (handle: TaskHandle) => void,
  ) {
    this.#onDone = onDone
  }

  /** Ends the task. It may be called twice. */
  done(): void {
    this.#onDone(this)
  }

  [Symbol.dispose](): void {
    this.done()
  }
}
