import type { RegisteredDrain } from './registered-drain.ts'
import type { FailedDrain, UnfinishedWork } from './shutdown-report.ts'
import type { ShutdownTime } from './shutdown-time.ts'
import type { Tasks } from './tasks.ts'

const tasksGroup = { name: 'tasks', isServer: false }

/** Starts each piece of work when what it waits for is over, or when the time of that is up. */
export class DrainOrder {
  readonly failed: FailedDrain[] = []
  readonly #tasks: Tasks
  readonly #time: ShutdownTime
  readonly #onProgress: () => void
  /** In the order of registration. Work waits for what was registered before it, so there is no circle. */
  readonly #drains = new Map<string, RegisteredDrain>()

  constructor(tasks: Tasks, time: ShutdownTime, onProgress: () => void) {
    this.#tasks = tasks
    this.#time = time
    this.#onProgress = onProgress
  }

  get names(): string[] {
    return [...this.#drains.keys()]
  }

  add(drain: RegisteredDrain): void {
    this.#drains.set(drain.name, drain)
    this.#onProgress()
  }

  remove(drain: RegisteredDrain): void {
    if (this.#drains.get(drain.name) !== drain) return
    this.#drains.delete(drain.name)
    this.#onProgress()
  }

  get isOver(): boolean {
    return [...this.#drains.values()].every(({ isOver }) => isOver)
  }

  get unfinished(): UnfinishedWork[] {
    return [...this.#drains.values()]
      .filter(({ isServer, isOver }) => !isServer && !isOver)
      .map(({ name }) => ({ name, weak: false }))
  }

  begin(): void {
    this.#tasks.giveUpAt(this.#time.before(this.#reserveMs(tasksGroup)))
    this.startReady()
  }

  /** At the deadline everything is ready: what has no time left holds nothing up. */
  startReady(): void {
    const ready = [...this.#drains.values()].find(
      ({ isWaiting, after }) => isWaiting && after.every(this.#isSettled),
    )
    if (ready === undefined) return
    // Its work may register or take back other work.
    this.#start(ready)
    this.startReady()
  }

  #start(drain: RegisteredDrain): void {
    const signal = this.#time.before(this.#reserveMs(drain))
    signal.addEventListener('abort', this.#onProgress, { once: true })
    void drain
      .start(signal)
      .catch((error: unknown) => this.failed.push({ name: drain.name, error }))
      .then(this.#onProgress)
  }

  readonly #isSettled = (name: string): boolean => {
    if (name === 'tasks') return this.#tasks.areSettled
    if (name !== 'servers') return this.#drains.get(name)?.isSettled ?? true
    return [...this.#drains.values()].every(({ isServer, isSettled }) => !isServer || isSettled)
  }

  /** What everything that waits for `work` needs after it. */
  #reserveMs(work: { name: string; isServer: boolean }): number {
    const dependents = [...this.#drains.values()].filter((drain) => drain.waitsFor(work))
    const needs = dependents.map(
      (dependent) => (dependent.reserveMs ?? this.#time.defaultReserveMs) + this.#reserveMs(dependent),
    )
    return Math.max(0, ...needs)
  }
}
