import type { UnfinishedWork } from './shutdown-report.ts'
import { TaskHandle } from './task-handle.ts'

/** The tasks that are running. */
export class Tasks {
  readonly #running = new Set<TaskHandle>()
  readonly #onDone: () => void
  #strong = 0
  /** Aborts when the work that waits for the tasks begins without them. */
  #signal: AbortSignal | undefined

  constructor(onDone: () => void) {
    this.#onDone = onDone
  }

  begin(name: string, weak: boolean, signal: AbortSignal): TaskHandle {
    const handle = new TaskHandle(name, weak, signal, (done) => {
      if (!this.#running.delete(done)) return
      if (!done.weak) this.#strong -= 1
      this.#onDone()
    })
    this.#running.add(handle)
    if (!weak) this.#strong += 1
    return handle
  }

  giveUpAt(signal: AbortSignal): void {
    this.#signal = signal
    signal.addEventListener('abort', this.#onDone, { once: true })
  }

  /** Whether all are over, except for weak ones. */
  get areOver(): boolean {
    return this.#strong === 0
  }

  /** Whether nothing waits for them any more: they are over, or their time is up. */
  get areSettled(): boolean {
    return this.areOver || this.#signal?.aborted === true
  }

  get unfinished(): UnfinishedWork[] {
    return [...this.#running].map(({ name, weak }) => ({ name, weak }))
  }
}
