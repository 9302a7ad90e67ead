import { type PidWatch, watchPid } from '@shellflip/fd-passing'
import { killGroup } from './kill-group.ts'

/** The process of the service, where the one that was started is a wrapper: a script, sudo, the client of a container. */
export class WrappedService implements Disposable {
  readonly pid: number
  readonly died: Promise<void>
  readonly #watch: PidWatch
  #isDead = false

  constructor(pid: number) {
    this.pid = pid
    let onDeath = () => {}
    this.died = new Promise((resolve) => {
      onDeath = resolve
    })
    this.#watch = watchPid(pid, () => {
      this.#isDead = true
      onDeath()
    }).unref()
  }

  /** Does nothing if it has ended: the pid may be another process's by then. */
  signal(signal: NodeJS.Signals): void {
    if (this.#isDead) return
    try {
      process.kill(this.pid, signal)
    } catch {
      // It has ended, or it runs as another user.
    }
  }

  /** Its group, too: it may have left that of its wrapper. */
  kill(): void {
    if (this.#isDead) return
    this.signal('SIGKILL')
    killGroup(this.pid)
  }

  [Symbol.dispose](): void {
    this.#watch.close()
  }
}
