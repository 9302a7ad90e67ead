import { Notifier, type NotifyOutcome, WatchdogPinger, watchdogIntervalMs } from '@shellflip/sd-notify'

/** Requested at once, and often enough that one message may be late. */
const extendByMs = 30_000
const extendEveryMs = 10_000

/** The service manager, if there is one. Reports each upgrade to it, and keeps what the successor must know of it. */
export class ManagerLink {
  /** The variables that a successor finds in its environment. They are for one process, so they are removed from our environment. */
  readonly environment: Readonly<Record<string, string>>
  readonly notifier: Notifier
  readonly #watchdogMs: number | undefined
  readonly #onTrouble: (error: Error) => void
  #watchdog: WatchdogPinger | undefined
  #extendedAt = Number.NEGATIVE_INFINITY

  constructor(onTrouble: (error: Error) => void, env: NodeJS.ProcessEnv = process.env) {
    const { NOTIFY_SOCKET, WATCHDOG_USEC, FDSTORE } = env
    this.#watchdogMs = watchdogIntervalMs(env)
    delete env.WATCHDOG_USEC
    delete env.WATCHDOG_PID
    delete env.FDSTORE
    this.notifier = Notifier.fromEnvironment({ env })
    this.#onTrouble = onTrouble
    this.environment = {
      ...(NOTIFY_SOCKET === undefined ? {} : { NOTIFY_SOCKET }),
      ...(WATCHDOG_USEC === undefined || this.#watchdogMs === undefined ? {} : { WATCHDOG_USEC }),
      ...(FDSTORE === undefined ? {} : { FDSTORE }),
    }
  }

  /** Reports that this process serves. From now on the watchdog looks at it. */
  async serving(): Promise<void> {
    if (this.#watchdogMs !== undefined && this.notifier.hasManager) {
      this.#watchdog = new WatchdogPinger(this.notifier, { intervalMs: this.#watchdogMs })
    }
    await this.#tell(this.notifier.ready({ status: 'serving' }))
  }

  async upgrading(): Promise<void> {
    await this.#tell(this.notifier.reloading({ status: 'upgrading' }))
  }

  /** Reports READY after RELOADING, also after a failure. Otherwise `systemctl reload` hangs. */
  async upgradeFailed(why: string): Promise<void> {
    await this.#tell(this.notifier.ready({ status: `serving; the last upgrade failed: ${why}` }))
  }

  /**
   * Reports that the successor is the main process. Resolves when the manager has understood that. Until then this process must not exit,
   * or the manager takes the service for dead (sd_notify(3), BARRIER=1). It sends a watchdog ping too: the successor's first ping may have
   * come too early to count (NotifyAccess=main).
   */
  async upgraded(pid: number): Promise<void> {
    const sign = this.#watchdog === undefined ? {} : ({ watchdog: 'ping' } as const)
    await this.#tell(
      this.notifier.ready({ mainPid: pid, status: `serving: upgraded to pid ${pid}`, ...sign }),
    )
    await this.#tell(this.notifier.barrier())
    this.#watchdog?.close()
  }

  async stopping(): Promise<void> {
    await this.#tell(this.notifier.stopping({ status: 'stopping' }))
  }

  /**
   * Requests more time while something makes progress before the exit, because systemd kills what does not stop in time. A process that
   * hangs gets none.
   */
  progress(): void {
    const now = performance.now()
    if (now < this.#extendedAt + extendEveryMs) return
    this.#extendedAt = now
    void this.#tell(this.notifier.extendTimeout(extendByMs))
  }

  close(): void {
    this.#watchdog?.close()
    this.notifier.close()
  }

  /** Ignores a failure, because a manager that cannot be reached must not end the service. */
  async #tell(telling: Promise<NotifyOutcome>): Promise<void> {
    try {
      const outcome = await telling
      if (outcome.type === 'failed') this.#onTrouble(outcome.error)
    } catch (error) {
      this.#onTrouble(error as Error)
    }
  }
}
