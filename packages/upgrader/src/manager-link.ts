import { Notifier, type NotifyOutcome, WatchdogPinger, watchdogIntervalMs } from '@shellflip/sd-notify'

/** Asked for at once, and often enough that one message may be late. */
const extendByMs = 30_000
const extendEveryMs = 10_000

/** The service manager, if there is one: what it must know of an upgrade, and what the successor must know of it. */
export class ManagerLink {
  /** What a successor finds in its environment. The variables are for one process, and so they are taken out of ours. */
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

  /** This process serves: from now on it is the one that the watchdog looks at. */
  async serving(): Promise<void> {
    if (this.#watchdogMs !== undefined && this.notifier.hasManager) {
      this.#watchdog = new WatchdogPinger(this.notifier, { intervalMs: this.#watchdogMs })
    }
    await this.#tell(this.notifier.ready({ status: 'serving' }))
  }

  async upgrading(): Promise<void> {
    await this.#tell(this.notifier.reloading({ status: 'upgrading' }))
  }

  /** RELOADING is always closed by READY, after a failure too, or `systemctl reload` hangs. */
  async upgradeFailed(why: string): Promise<void> {
    await this.#tell(this.notifier.ready({ status: `serving; the last upgrade failed: ${why}` }))
  }

  /**
   * The successor is the main process. Resolves when the manager has understood that: until then this one must not
   * exit, or the manager takes the service for dead (sd_notify(3), BARRIER=1). The watchdog is told with it: the
   * successor's own first sign of life may have come too early to count (NotifyAccess=main).
   */
  async handedOver(pid: number): Promise<void> {
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
   * Asks for time while something goes on before the end: systemd kills what does not stop in time. Whoever hangs gets
   * none.
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

  /** A manager that cannot be told must not end the service. */
  async #tell(telling: Promise<NotifyOutcome>): Promise<void> {
    try {
      const outcome = await telling
      if (outcome.type === 'failed') this.#onTrouble(outcome.error)
    } catch (error) {
      this.#onTrouble(error as Error)
    }
  }
}
