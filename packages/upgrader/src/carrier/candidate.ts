import { setTimeout as delay, setImmediate as turn } from 'node:timers/promises'
import { type PidWatch, watchPid } from '@shellflip/fd-passing'
import { type ProcessExit, type SuccessorProcess, WrappedService } from '@shellflip/launcher'
import { lastWordsMs } from './last-words.ts'

/**
 * A successor that is not committed yet. It is the started process until another process sends the hello. Then the started process is a
 * wrapper, and only the life of the other process counts.
 */
export class Candidate implements Disposable {
  readonly #started: SuccessorProcess
  readonly #watch: PidWatch
  readonly #dead = new AbortController()
  readonly #gone = new AbortController()
  #hasStartedExited = false
  #service: WrappedService | undefined
  /** Whether the started process was alive when the service ended. If not, it cannot know how the service ended. */
  #hasWitness: boolean | undefined
  #killing: Promise<ProcessExit | undefined> | undefined

  constructor(started: SuccessorProcess) {
    this.#started = started
    void started.exited.then(() => {
      this.#hasStartedExited = true
      if (this.#service === undefined) this.#dead.abort()
    })
    this.#watch = watchPid(started.pid, () => {
      if (this.#service === undefined) this.#gone.abort()
    })
  }

  /** Returns the pid of the process that serves, as far as it is known. */
  get pid(): number {
    return this.#service?.pid ?? this.#started.pid
  }

  get isWrapped(): boolean {
    return this.#service !== undefined
  }

  /** Aborts when the successor is dead and everything that it sent has been received. */
  get dead(): AbortSignal {
    return this.#dead.signal
  }

  /** Aborts when the successor is dead. Another process may still hold its channel and its exit status. */
  get gone(): AbortSignal {
    return this.#gone.signal
  }

  /** @param pid the process that sent the hello. 0 is a process that we cannot see, so we can signal only the wrapper */
  met(pid: number): void {
    if (pid === 0 || pid === this.#started.pid) return
    this.#service = new WrappedService(pid)
    void this.#service.died.then(async () => {
      this.#hasWitness ??= !this.#hasStartedExited
      this.#gone.abort()
      // The channel may become readable in the same turn, with the last message.
      await turn()
      this.#dead.abort()
    })
  }

  /** Returns how the successor exited, if the started process reports that within some seconds. */
  async exit(signal?: AbortSignal): Promise<ProcessExit | undefined> {
    // The channel may report the exit first.
    this.#hasWitness ??= !(this.isWrapped && this.#hasStartedExited)
    return this.#hasWitness ? soon(this.#started.exited, signal) : undefined
  }

  /** Kills the successor with everything that it has started. The system may refuse that for another user's process: see {@link exit}. */
  kill(): Promise<ProcessExit | undefined> {
    this.#service?.kill()
    this.#killing ??= soon(this.#started.kill())
    return this.#killing
  }

  async leave(): Promise<void> {
    await this.#started.leave()
  }

  [Symbol.dispose](): void {
    this.#watch.close()
    this.#service?.[Symbol.dispose]()
  }
}

async function soon<T>(promise: Promise<T>, outer?: AbortSignal): Promise<T | undefined> {
  const over = new AbortController()
  const signal = outer === undefined ? over.signal : AbortSignal.any([over.signal, outer])
  const limit = delay(lastWordsMs, undefined, { ref: false, signal }).catch(() => undefined)
  try {
    return await Promise.race([promise, limit])
  } finally {
    over.abort()
  }
}
