import type { System } from '@shellflip/generation'
import type { NotifyOutcome, SdNotifyError } from '@shellflip/sd-notify'
import type { ManagerLink } from './options.ts'

/** However often a generation says something new, the manager hears of it this often at most. */
const intervalMs = 100

/** Tells the manager above what goes on, in order. A manager that cannot be told changes nothing. */
export class ManagerReports {
  readonly #manager: ManagerLink | undefined
  readonly #system: System
  readonly #describe: () => string
  readonly #onUnreachable: (error: SdNotifyError) => void
  #lastStatus: string | undefined
  #extendedUntil = 0
  #timer: Disposable | undefined

  constructor(
    manager: ManagerLink | undefined,
    system: System,
    describe: () => string,
    onUnreachable: (error: SdNotifyError) => void,
  ) {
    this.#manager = manager
    this.#system = system
    this.#describe = describe
    this.#onUnreachable = onUnreachable
  }

  reloading(): void {
    this.#tell((manager) => manager.reloading())
  }

  /** Closes the start, or a RELOADING: also one that ended in failure, which the status then tells. */
  ready(): void {
    this.#tell((manager) => manager.send({ ready: true, status: this.#takeStatus() }))
  }

  stopping(): void {
    this.#tell((manager) => manager.send({ stopping: true, status: this.#takeStatus() }))
  }

  extendTimeout(ms: number): void {
    const until = this.#system.now() + ms
    if (until < this.#extendedUntil + intervalMs) return
    this.#extendedUntil = until
    this.#tell((manager) => manager.send({ extendTimeoutUsec: Math.round(ms * 1000) }))
  }

  /** Tells the status soon, as it is then. */
  statusChanged(): void {
    if (this.#manager === undefined) return
    this.#timer ??= this.#system.timer(intervalMs, () => {
      const former = this.#lastStatus
      const status = this.#takeStatus()
      if (status !== former) this.#tell((manager) => manager.send({ status }))
    })
  }

  close(): void {
    this.#timer?.[Symbol.dispose]()
    this.#timer = undefined
  }

  /** The status to tell now: what was to be told soon is told with it. */
  #takeStatus(): string {
    this.close()
    this.#lastStatus = this.#describe()
    return this.#lastStatus
  }

  #tell(send: (manager: ManagerLink) => Promise<NotifyOutcome>): void {
    if (this.#manager === undefined) return
    void send(this.#manager).then((outcome) => {
      if (outcome.type === 'failed') this.#onUnreachable(outcome.error)
    })
  }
}
