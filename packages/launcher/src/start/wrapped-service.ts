import { type PidWatch, watchPid } from '@shellflip/fd-passing'
import { killGroup } from './kill-group.ts'

/** The process of the service, where the started process is a wrapper: a script, sudo, the client of a container. */
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

  /** Does nothing if the process has exited, because another process may have the pid by then. */
  signal(signal: NodeJS.Signals): void {
    if (this.#isDead) return
    try {
      process.kill(this.pid, signal)
    } catch {
      // It has exited, or it runs as another user.
    }
  }

  /** Kills its group too, because it may have left the group of its wrapper. */
  kill(): void {
    if (this.#isDead) return
    this.signal('SIGKILL')
    killGroup(this.pid)
  }

  [Symbol.dispose](): void {
    this.#watch.close()
  }
}
