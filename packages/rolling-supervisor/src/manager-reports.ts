import type { ManagerReport, System } from '@shellflip/generation'
import { type NotifyMessage, type NotifyOutcome, SdNotifyError } from '@shellflip/sd-notify'
import type { ManagerLink } from './options.ts'

/** The manager gets reports at most this often, however often a generation sends something new. */
const intervalMs = 100

/** Reports to the manager above, in order. A manager that cannot be reached changes nothing. */
export class ManagerReports {
  readonly #manager: ManagerLink | undefined
  readonly #system: System
  readonly #describe: () => string
  readonly #onUnreachable: (error: SdNotifyError) => void
  #lastStatus: string | undefined
  #extendedUntil = 0
  /** The reports of a generation that are not passed on yet. */
  #report: ManagerReport = {}
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

  /** Closes the start, or a RELOADING. It also closes one that failed, and the status then says so. */
  ready(): void {
    this.#tellWithStatus({ ready: true })
  }

  stopping(): void {
    this.#tellWithStatus({ stopping: true })
  }

  extendTimeout(ms: number): void {
    const until = this.#system.now() + ms
    if (until < this.#extendedUntil + intervalMs) return
    this.#extendedUntil = until
    this.#tell((manager) => manager.send({ extendTimeoutUsec: Math.round(ms * 1000) }))
  }

  /** Sends the status soon, as it is at that time. */
  statusChanged(): void {
    this.#tellSoon()
  }

  /** Passes on a generation's report soon. If a key comes twice until then, the last value counts. */
  passOn(report: ManagerReport): void {
    if (this.#manager === undefined) return
    const { custom, unknown } = this.#report
    this.#report = { ...this.#report, ...report }
    if (custom !== undefined) this.#report.custom = bounded({ ...custom, ...report.custom })
    if (unknown !== undefined) this.#report.unknown = bounded({ ...unknown, ...report.unknown })
    this.#tellSoon()
  }

  #tellSoon(): void {
    if (this.#manager === undefined) return
    this.#timer ??= this.#system.timer(intervalMs, () => {
      this.#timer = undefined
      const former = this.#lastStatus
      this.#lastStatus = this.#describe()
      this.#sendReport(this.#lastStatus === former ? {} : { status: this.#lastStatus })
    })
  }

  /**
   * Sends the pending report and the status now. The report goes first, as a message by itself: systemd drops a message beyond 4 KiB
   * (NOTIFY_BUFFER_MAX).
   */
  #tellWithStatus(message: NotifyMessage): void {
    this.close()
    this.#lastStatus = this.#describe()
    const status = this.#lastStatus
    this.#tell((manager) => manager.send({ ...message, status }))
  }

  /** Sends at once the last report of a generation, such as the reason of its exit. It does not send a status any more. */
  close(): void {
    this.#timer?.[Symbol.dispose]()
    this.#timer = undefined
    this.#sendReport()
  }

  #sendReport(more: NotifyMessage = {}): void {
    const message = { ...more, ...this.#report }
    this.#report = {}
    if (Object.keys(message).length > 0) this.#tell((manager) => manager.send(message))
  }

  #tell(send: (manager: ManagerLink) => Promise<NotifyOutcome>): void {
    if (this.#manager !== undefined) void this.#send(this.#manager, send)
  }

  /** Never rejects. */
  async #send(manager: ManagerLink, send: (manager: ManagerLink) => Promise<NotifyOutcome>): Promise<void> {
    try {
      const outcome = await send(manager)
      if (outcome.type === 'failed') this.#onUnreachable(outcome.error)
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause)
      this.#onUnreachable(new SdNotifyError('ERR_SEND_FAILED', reason, { cause }))
    }
  }
}

/** A flood of keys must not fill the memory. */
const mostKeys = 64

function bounded<T extends Record<string, string>>(keys: T): T {
  return Object.fromEntries(Object.entries(keys).slice(-mostKeys)) as T
}
