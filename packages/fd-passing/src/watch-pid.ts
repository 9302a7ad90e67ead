import { constants } from 'node:os'
import { checkFunction, checkPid } from './check-argument.ts'
import { checked } from './error.ts'
import { native } from './native.ts'
import { OwnedFd } from './owned-fd.ts'
import { Readiness, readable } from './readiness.ts'

const { EINVAL, ESRCH } = constants.errno
const firstDelayMs = 100
const longestDelayMs = 1000

/** A watch in progress. Closing it ends it without a report. It may be closed twice. */
export interface PidWatch extends Disposable {
  /** It keeps the event loop alive: the default. */
  ref(): this
  unref(): this
  close(): void
}

/**
 * Reports once when a process has ended: any process, not only a child. It uses pidfd_open(2) on Linux 5.3 and later. That also reports a
 * zombie, and never mistakes another process for it. On other systems it polls with kill(2) every 0.1 to 1 s, which does neither.
 *
 * @param onExit called soon, never at once, if the process does not exist
 */
export function watchPid(pid: number, onExit: () => void): PidWatch {
  checkPid(pid)
  checkFunction('onExit', onExit)
  const opened = native.pidfdOpen(pid)
  if (opened === -EINVAL) checked(opened, 'pidfd_open', String(pid))
  if (opened >= 0) return new PidfdWatch(new OwnedFd(opened), onExit)
  return new PollingWatch(pid, opened === -ESRCH ? 0 : firstDelayMs, onExit)
}

/** Tells that a pidfd became readable, once. */
export class PidfdWatch implements PidWatch {
  readonly #pidfd: OwnedFd
  readonly #readiness: Readiness

  constructor(pidfd: OwnedFd, onExit: () => void) {
    this.#pidfd = pidfd
    try {
      this.#readiness = new Readiness(pidfd.fd, () => {
        this.close()
        onExit()
      })
      this.#readiness.want(readable)
    } catch (error) {
      pidfd.close()
      throw error
    }
  }

  ref(): this {
    this.#readiness.keepAlive(true)
    return this
  }

  unref(): this {
    this.#readiness.keepAlive(false)
    return this
  }

  close(): void {
    this.#readiness.close()
    this.#pidfd.close()
  }

  [Symbol.dispose](): void {
    this.close()
  }
}

export class PollingWatch implements PidWatch {
  readonly #pid: number
  readonly #onExit: () => void
  #timer: NodeJS.Timeout
  #delayMs: number
  #referenced = true

  constructor(pid: number, delayMs: number, onExit: () => void) {
    this.#pid = pid
    this.#onExit = onExit
    this.#delayMs = delayMs
    this.#timer = setTimeout(() => this.#look(), delayMs)
  }

  ref(): this {
    this.#referenced = true
    this.#timer.ref()
    return this
  }

  unref(): this {
    this.#referenced = false
    this.#timer.unref()
    return this
  }

  close(): void {
    clearTimeout(this.#timer)
  }

  [Symbol.dispose](): void {
    this.close()
  }

  #look(): void {
    if (!exists(this.#pid)) {
      this.#onExit()
      return
    }
    this.#delayMs = Math.min(Math.max(this.#delayMs * 2, firstDelayMs), longestDelayMs)
    this.#timer = setTimeout(() => this.#look(), this.#delayMs)
    if (!this.#referenced) this.#timer.unref()
  }
}

function exists(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}
