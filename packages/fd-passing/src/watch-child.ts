import { native } from './native.ts'
import { OwnedFd } from './owned-fd.ts'
import { PidfdWatch, type PidWatch } from './watch-pid.ts'

export type { PidWatch }

/** Bounds how late an exit is seen where SIGCHLD is not: in a worker thread. */
const pollMs = 500

/**
 * Watches a child of this process by a pidfd. If the system lacks pidfds, or a descriptor for one, it looks at each SIGCHLD and every
 * half second, because kill(2) cannot distinguish a zombie from a live process. It does the same if the pidfd reports an end and the look
 * finds none. While a debugger holds the zombie, waitpid(2) shows it only to the debugger (ptrace(2)).
 *
 * @param look reaps the child, and returns whether it has ended
 */
export function watchChild(pid: number, look: () => boolean): PidWatch {
  return new ChildWatch(pid, look)
}

class ChildWatch implements PidWatch {
  #watch: PidWatch
  #referenced = true

  constructor(pid: number, look: () => boolean) {
    const lookOn = () => {
      if (look()) return
      this.#watch = new SigchldWatch(look)
      if (!this.#referenced) this.#watch.unref()
    }
    this.#watch = pidfdWatch(pid, lookOn) ?? new SigchldWatch(look)
  }

  ref(): this {
    this.#referenced = true
    this.#watch.ref()
    return this
  }

  unref(): this {
    this.#referenced = false
    this.#watch.unref()
    return this
  }

  close(): void {
    this.#watch.close()
  }

  [Symbol.dispose](): void {
    this.close()
  }
}

function pidfdWatch(pid: number, onExit: () => void): PidWatch | undefined {
  const opened = native.pidfdOpen(pid)
  if (opened < 0) return undefined
  try {
    return new PidfdWatch(new OwnedFd(opened), onExit)
  } catch {
    return undefined
  }
}

class SigchldWatch implements PidWatch {
  readonly #look = () => {
    if (this.#isEnded()) this.close()
  }
  readonly #isEnded: () => boolean
  readonly #timer: NodeJS.Timeout

  constructor(isEnded: () => boolean) {
    this.#isEnded = isEnded
    this.#timer = setInterval(this.#look, pollMs)
    process.on('SIGCHLD', this.#look)
    // It may have ended before anybody listened.
    setImmediate(this.#look)
  }

  ref(): this {
    this.#timer.ref()
    return this
  }

  unref(): this {
    this.#timer.unref()
    return this
  }

  close(): void {
    clearInterval(this.#timer)
    process.off('SIGCHLD', this.#look)
  }

  [Symbol.dispose](): void {
    this.close()
  }
}
