import { constants } from 'node:os'
import { type ExitReport, native } from './native.ts'
import { type PidWatch, watchChild } from './watch-child.ts'

/** The end of a process. One of the two is null. */
export type ProcessExit = { code: number | null; signal: NodeJS.Signals | null }

/** The processes of spawnProcess() that were not reaped yet, in this thread. */
const unreaped = new Set<number>()

/** Returns whether only the watch of spawnProcess() may take its exit. */
export function isSpawnedHere(pid: number): boolean {
  return unreaped.has(pid)
}

/** A process that spawnProcess() has started. It keeps the event loop alive until it has ended. */
export class SpawnedProcess {
  readonly pid: number
  readonly #onExit: (exit: ProcessExit) => void
  readonly #watch: PidWatch

  constructor(pid: number, onExit: (exit: ProcessExit) => void) {
    this.pid = pid
    this.#onExit = onExit
    unreaped.add(pid)
    this.#watch = watchChild(pid, () => this.#reap())
  }

  /** Lets it keep the event loop alive: the default. */
  ref(): this {
    this.#watch.ref()
    return this
  }

  /** Lets the event loop end before it. */
  unref(): this {
    this.#watch.unref()
    return this
  }

  /** Returns whether it has ended. Somebody else may have reaped it (ECHILD): then its status is unknown. */
  #reap(): boolean {
    const report = native.reap(this.pid)
    if (report === 0) return false
    unreaped.delete(this.pid)
    this.#onExit(typeof report === 'number' ? { code: null, signal: null } : exitOf(report))
    return true
  }
}

function exitOf({ code, signal }: ExitReport): ProcessExit {
  return code === undefined ? { code: null, signal: signalName(signal) } : { code, signal: null }
}

/** Node names no real-time signals. */
function signalName(signal: number): NodeJS.Signals {
  const known = Object.entries(constants.signals).find(([, number]) => number === signal)
  return (known?.[0] ?? `SIG${signal}`) as NodeJS.Signals
}
