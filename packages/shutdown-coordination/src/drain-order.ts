import type { MoveConnections } from './connection-moves.ts'
import type { RegisteredDrain } from './registered-drain.ts'
import type { Group } from './registration-name.ts'
import { Reserves } from './reserves.ts'
import type { FailedDrain, UnfinishedWork } from './shutdown-report.ts'
import type { ShutdownTime } from './shutdown-time.ts'
import type { Tasks } from './tasks.ts'

/** Starts each piece of work when the work before it is over, or when the time of that is up. */
export class DrainOrder {
  readonly failed: FailedDrain[] = []
  readonly #tasks: Tasks
  readonly #time: ShutdownTime
  readonly #onProgress: () => void
  /** The drains in the order of registration. Work waits only for what was registered before it, so a cycle is impossible. */
  readonly #drains = new Map<string, RegisteredDrain>()
  #reserves: Reserves | undefined
  #moveConnections: MoveConnections | undefined

  constructor(tasks: Tasks, time: ShutdownTime, onProgress: () => void) {
    this.#tasks = tasks
    this.#time = time
    this.#onProgress = onProgress
  }

  get names(): string[] {
    return [...this.#drains.keys()]
  }

  get registered(): ReadonlyMap<string, RegisteredDrain> {
    return this.#drains
  }

  add(drain: RegisteredDrain): void {
    this.#drains.set(drain.name, drain)
    this.#reserves = undefined
    this.#onProgress()
  }

  remove(drain: RegisteredDrain): void {
    if (this.#drains.get(drain.name) !== drain) return
    this.#drains.delete(drain.name)
    drain.remove()
    this.#reserves = undefined
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

  /** @param moveConnections gives connections of the servers to another process */
  begin(moveConnections: MoveConnections | undefined): void {
    this.#moveConnections = moveConnections
    this.#tasks.giveUpAt(this.#time.before(this.#currentReserves().ofTasks))
    this.startReady()
  }

  /** Starts all work that is ready. At the deadline all work is ready: work without time left delays nothing. */
  startReady(): void {
    // Each is searched again, because work may register other work or take it back.
    for (let ready = this.#findReady(); ready !== undefined; ready = this.#findReady()) this.#start(ready)
  }

  #findReady(): RegisteredDrain | undefined {
    const areServersSettled = [...this.#drains.values()].every(
      ({ isServer, isSettled }) => !isServer || isSettled,
    )
    const isSettled = (work: RegisteredDrain | Group) => {
      if (work === 'tasks') return this.#tasks.areSettled
      return work === 'servers' ? areServersSettled : work.isSettled
    }
    return [...this.#drains.values()].find(({ isWaiting, after }) => isWaiting && after.every(isSettled))
  }

  #start(drain: RegisteredDrain): void {
    const signal = this.#time.before(this.#currentReserves().of(drain))
    signal.addEventListener('abort', this.#onProgress, { once: true })
    void drain
      .start({ signal, moveConnections: this.#moveConnections })
      .catch((error: unknown) => this.failed.push({ name: drain.name, error }))
      .then(this.#onProgress)
  }

  #currentReserves(): Reserves {
    this.#reserves ??= new Reserves([...this.#drains.values()], this.#time.defaultReserveMs)
    return this.#reserves
  }
}
