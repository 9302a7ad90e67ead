import { dirname } from 'node:path'
import { SweptPathWatch } from '@shellflip/internal'

/** Reports what happens to a lock that is held. */
export type UpgradeLockEvent = {
  /** Somebody has removed the lock file, or put another in its place. Another process can acquire the lock now. */
  type: 'lost'
  path: string
  reason: 'removed' | 'replaced'
}

/** Looks after the file of a lock while somebody listens. It keeps no process alive. */
export class LockWatch implements Disposable {
  readonly #path: string
  readonly #whatIsThere: () => 'ours' | 'removed' | 'replaced'
  readonly #listeners = new Set<(event: UpgradeLockEvent) => void>()
  #watch: Disposable | undefined
  #isOver = false

  constructor(path: string, whatIsThere: () => 'ours' | 'removed' | 'replaced') {
    this.#path = path
    this.#whatIsThere = whatIsThere
  }

  listen(listener: (event: UpgradeLockEvent) => void): Disposable {
    this.#listeners.add(listener)
    if (!this.#isOver) this.#watch ??= this.#start()
    return { [Symbol.dispose]: () => void this.#listeners.delete(listener) }
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
    for (const listener of [...this.#listeners]) listener({ type: 'lost', path: this.#path, reason })
  }

  [Symbol.dispose](): void {
    this.#isOver = true
    this.#watch?.[Symbol.dispose]()
  }
}
