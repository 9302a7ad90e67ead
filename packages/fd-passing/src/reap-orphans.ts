import { native } from './native.ts'
import { reapOrphan } from './reap-orphan.ts'
import { isSpawnedHere } from './spawned-process.ts'

/** The delay, in milliseconds, before the next look at a zombie that others have to reap. */
const lookAgainMs = 1_000

/**
 * Reaps the processes that the kernel makes children of this process when their own parent has ended. That happens to PID 1 and to a
 * subreaper (prctl(2)). Node reaps only the children that it has started, so each orphan would remain a zombie. This does not touch the
 * children of `spawnProcess()` and `node:child_process`. Call it in the main thread, because it does not know the children of a worker.
 */
export function reapOrphans(): Disposable {
  const reaper = new OrphanReaper()
  return { [Symbol.dispose]: () => reaper.close() }
}

/**
 * The kernel queues SIGCHLD before it shows the zombie, and libuv reaps its own children in the next turn of the event loop. So a zombie
 * that is still there two turns later belongs to an orphan. A timer would not be reliable: after a pause (SIGSTOP) it fires first.
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
