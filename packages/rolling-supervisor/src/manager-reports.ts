import type { System } from '@shellflip/generation'
import type { NotifyOutcome, SdNotifyError } from '@shellflip/sd-notify'
import type { ManagerLink } from './options.ts'

/** However often a generation says something new, the manager hears of it this often at most. */
const intervalMs = 100

/** Tells the manager above what goes on, in order. A manager that cannot be told changes nothing. */
export class ManagerReports {
  readonly #manager: ManagerLink | undefined
  readonly #system: System
  readonly #onUnreachable: (error: SdNotifyError) => void
  #lastStatus: string | undefined
  #extendedUntil = 0
  #pendingStatus: (() => string) | undefined
  #timer: Disposable | undefined

  constructor(
    manager: ManagerLink | undefined,
    system: System,
    onUnreachable: (error: SdNotifyError) => void,
  ) {
    this.#manager = manager
    this.#system = system
    this.#onUnreachable = onUnreachable
  }

  reloading(): void {
    this.#tell((manager) => manager.reloading())
  }

  /** Closes the start, or a RELOADING: also one that ended in failure, which `status` then tells. */
  ready(status: string): void {
    this.#dropPendingStatus()
    this.#lastStatus = status
    this.#tell((manager) => manager.send({ ready: true, status }))
  }

  stopping(status: string): void {
    this.#dropPendingStatus()
    this.#lastStatus = status
    this.#tell((manager) => manager.send({ stopping: true, status }))
  }

  extendTimeout(ms: number): void {
    const until = this.#system.now() + ms
    if (until < this.#extendedUntil + intervalMs) return
    this.#extendedUntil = until
    this.#tell((manager) => manager.send({ extendTimeoutUsec: Math.round(ms * 1000) }))
  }

  /** Tells a status soon: the one that `describe` gives then. */
  statusChanged(describe: () => string): void {
    this.#pendingStatus = describe
    this.#timer ??= this.#system.timer(intervalMs, () => {
      const status = this.#pendingStatus?.()
      this.#dropPendingStatus()
      if (status === undefined || status === this.#lastStatus) return
      this.#lastStatus = status
      this.#tell((manager) => manager.send({ status }))
    })
  }

  close(): void {
    this.#dropPendingStatus()
  }

  #dropPendingStatus(): void {
    this.#timer?.[Symbol.dispose]()
    this.#timer = undefined
    this.#pendingStatus = undefined
  }

  #tell(send: (manager: ManagerLink) => Promise<NotifyOutcome>): void {
    if (this.#manager === undefined) return
    void send(this.#manager).then((outcome) => {
      if (outcome.type === 'failed') this.#onUnreachable(outcome.error)
    })
  }
}
