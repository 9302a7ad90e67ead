import { native } from './native.ts'
import { reapOrphan } from './reap-orphan.ts'
import { isSpawnedHere } from './spawned-process.ts'

/** How soon a zombie is looked at again that others have to reap. */
const lookAgainMs = 1_000

/**
 * Reaps what the kernel makes a child of this process because its own parent has ended: for PID 1, and for a subreaper (prctl(2)).
 * Node reaps what it has started itself, and nothing else, so each orphan would remain a zombie. It leaves alone what
 * `spawnProcess()` and `node:child_process` have started. Call it in the main thread: it cannot know what a worker has started.
 */
export function reapOrphans(): Disposable {
  const reaper = new OrphanReaper()
  return { [Symbol.dispose]: () => reaper.close() }
}

/**
 * The kernel queues SIGCHLD before it shows the zombie, and libuv reaps its own children in the next turn of the event loop. So a
 * zombie that is still there two turns later is an orphan's. A timer could not tell: after a pause (SIGSTOP) it fires first.
 */
class OrphanReaper {
  #suspect = 0
  #turn: NodeJS.Immediate | undefined
  #timer: NodeJS.Timeout | undefined
  readonly #look = () => {
    if (this.#turn !== undefined) return
    this.#suspect = native.findZombie()
    if (this.#suspect > 0) this.#afterTurns(2)
  }

  constructor() {
    process.on('SIGCHLD', this.#look)
    this.#look()
  }

  close(): void {
    process.off('SIGCHLD', this.#look)
    clearImmediate(this.#turn)
    clearTimeout(this.#timer)
  }

  #afterTurns(count: number): void {
    this.#turn = setImmediate(() => {
      this.#turn = undefined
      if (count > 1) this.#afterTurns(count - 1)
      else this.#judge(native.findZombie())
    })
  }

  #judge(found: number): void {
    const isStillThere = found > 0 && found === this.#suspect
    if (isStillThere && isSpawnedHere(found)) {
      this.#lookLater()
      return
    }
    if (isStillThere) reapOrphan(found)
    this.#look()
  }

  #lookLater(): void {
    clearTimeout(this.#timer)
    this.#timer = setTimeout(this.#look, lookAgainMs).unref()
  }
}
