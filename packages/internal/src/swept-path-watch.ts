import { type FSWatcher, watch } from 'node:fs'

/** A sweeper removes many files at once. */
const SOONEST_MS = 100
/**
 * The interval of the polling, in milliseconds. It also finds a removal where the system has run out of watches (inotify(7),
 * max_user_watches).
 */
const LOOK_EVERY_MS = 2_000

/** Calls `look` soon after a file in a folder was removed, and also at intervals. It does not keep the process alive. */
export class SweptPathWatch implements Disposable {
  readonly #look: () => void
  readonly #timer: NodeJS.Timeout
  #watcher: FSWatcher | undefined
  #soon: NodeJS.Timeout | undefined
  #lookedAt = Number.NEGATIVE_INFINITY

  constructor(folder: string, look: () => void) {
    this.#look = look
    this.#timer = setInterval(() => this.#lookNow(), LOOK_EVERY_MS)
    this.#timer.unref()
    this.follow(folder)
  }

  /** Watches another folder, or a folder that was created again. */
  follow(folder: string): void {
    this.#watcher?.close()
    this.#watcher = undefined
    try {
      this.#watcher = watch(folder, { persistent: false }, (type) => type === 'rename' && this.#lookSoon())
      this.#watcher.on('error', () => this.#watcher?.close())
    } catch {
      // The timer keeps looking.
    }
  }

  #lookSoon(): void {
    const waitMs = this.#lookedAt + SOONEST_MS - performance.now()
    if (waitMs <= 0) this.#lookNow()
    else this.#soon ??= setTimeout(() => this.#lookNow(), waitMs).unref()
  }

  #lookNow(): void {
    clearTimeout(this.#soon)
    this.#soon = undefined
    this.#lookedAt = performance.now()
    this.#look()
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer)
    clearTimeout(this.#soon)
    this.#watcher?.close()
  }
}
