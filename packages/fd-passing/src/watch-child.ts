import { native } from './native.ts'
import { OwnedFd } from './owned-fd.ts'
import { PidfdWatch, type PidWatch } from './watch-pid.ts'

export type { PidWatch }

/** Bounds how late an exit is seen where SIGCHLD is not: in a worker thread. */
const pollMs = 500

/**
 * Watches a child of this process. Where there is no pidfd, or no descriptor is free for one, it looks at each SIGCHLD and every
 * half second: kill(2) cannot tell a zombie from a process that lives.
 *
 * @param look reaps the child; returns whether it has ended
 */
export function watchChild(pid: number, look: () => boolean): PidWatch {
  const opened = native.pidfdOpen(pid)
  if (opened < 0) return new SigchldWatch(look)
  try {
    return new PidfdWatch(new OwnedFd(opened), look)
  } catch {
    return new SigchldWatch(look)
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
