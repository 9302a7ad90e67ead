import { dirname } from 'node:path'
import { callListener, SweptPathWatch } from '@shellflip/internal'

/** Reports what happens to a lock that is held. */
export type UpgradeLockEvent = {
  /** Somebody has removed the lock file, or put another in its place. Another process can acquire the lock now. */
  type: 'lost'
  path: string
  reason: 'removed' | 'replaced'
}

/** Watches the file of a lock while a listener is registered. It does not keep the process alive. */
export class LockWatch implements Disposable {
  readonly #path: string
  readonly #whatIsThere: () => 'ours' | 'removed' | 'replaced'
  readonly #listeners = new Set<(event: UpgradeLockEvent) => void>()
  #watch: Disposable | undefined
  #lost: UpgradeLockEvent | undefined
  #isOver = false

  constructor(path: string, whatIsThere: () => 'ours' | 'removed' | 'replaced') {
    this.#path = path
    this.#whatIsThere = whatIsThere
  }

  listen(listener: (event: UpgradeLockEvent) => void): Disposable {
    // A separate wrapper for each call, so that each subscription of the same function can be disposed of separately.
    const own = (event: UpgradeLockEvent) => callListener(listener, event)
    this.#listeners.add(own)
    const lost = this.#lost
    if (lost !== undefined) setImmediate(() => this.#listeners.has(own) && own(lost)).unref()
    else if (!this.#isOver) this.#watch ??= this.#start()
    return { [Symbol.dispose]: () => void this.#listeners.delete(own) }
  }

  #start(): Disposable {
    const watch = new SweptPathWatch(dirname(this.#path), () => this.#look())
    // The file may have gone before anybody watched.
    setImmediate(() => this.#look()).unref()
    return watch
  }

  #look(): void {
    if (this.#isOver) return
    const reason = this.#whatIsThere()
    if (reason === 'ours') return
    this[Symbol.dispose]()
    this.#lost = { type: 'lost', path: this.#path, reason }
    for (const listener of [...this.#listeners]) listener(this.#lost)
  }

  [Symbol.dispose](): void {
    this.#isOver = true
    this.#watch?.[Symbol.dispose]()
  }
}
