import { Notifier, type NotifyOutcome, WatchdogPinger, watchdogIntervalMs } from '@shellflip/sd-notify'

const extendEveryMs = 5_000

/** The service manager, if there is one: what it must know of an upgrade, and what the successor must know of it. */
export class ManagerLink {
  /** What a successor finds in its environment. The variables are for one process, and so they are taken out of ours. */
  readonly environment: Readonly<Record<string, string>>
  readonly notifier: Notifier
  readonly #watchdogMs: number | undefined
  readonly #onTrouble: (error: Error) => void
  #watchdog: WatchdogPinger | undefined

  constructor(onTrouble: (error: Error) => void, env: NodeJS.ProcessEnv = process.env) {
    const { NOTIFY_SOCKET, WATCHDOG_USEC } = env
    this.#watchdogMs = watchdogIntervalMs(env)
    delete env.WATCHDOG_USEC
    delete env.WATCHDOG_PID
    this.notifier = Notifier.fromEnvironment({ env })
    this.#onTrouble = onTrouble
    this.environment = {
      ...(NOTIFY_SOCKET === undefined ? {} : { NOTIFY_SOCKET }),
      ...(WATCHDOG_USEC === undefined || this.#watchdogMs === undefined ? {} : { WATCHDOG_USEC }),
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
   * exit, or the manager takes the service for dead (sd_notify(3), BARRIER=1).
   */
  async handedOver(pid: number): Promise<void> {
    await this.#tell(this.notifier.ready({ mainPid: pid, status: `serving: upgraded to pid ${pid}` }))
    await this.#tell(this.notifier.barrier())
    this.#watchdog?.close()
  }

  async stopping(): Promise<void> {
    await this.#tell(this.notifier.stopping({ status: 'stopping' }))
  }

  /** Asks for time as long as this takes: systemd kills what does not stop in time. */
  async whileBusy<T>(work: Promise<T>): Promise<T> {
    const extend = () => void this.#tell(this.notifier.extendTimeout(2 * extendEveryMs))
    extend()
    const timer = setInterval(extend, extendEveryMs)
    try {
      return await work
    } finally {
      clearInterval(timer)
    }
  }

  close(): void {
    this.#watchdog?.close()
    this.notifier.close()
  }

  async #tell(telling: Promise<NotifyOutcome>): Promise<void> {
    const outcome = await telling
    if (outcome.type === 'failed') this.#onTrouble(outcome.error)
  }
}
