import { longestTimerMs } from '@shellflip/internal'
import { checkNotifier, checkOptions, invalid } from './check-argument.ts'
import type { Notifier } from './notifier.ts'
import { takeVariables } from './take-variables.ts'
import { watchdogIntervalMs } from './watchdog-interval.ts'

export type WatchdogEnvironmentOptions = {
  /** The environment from which `WATCHDOG_USEC` and `WATCHDOG_PID` are read. @default process.env */
  env?: NodeJS.ProcessEnv
  /** Delete both, so that no child believes that it is the one watched. @default true */
  consume?: boolean
}

/**
 * Sends keep-alives to the manager's watchdog from the event loop, at half the interval that it requests. A process whose loop hangs
 * sends none. It does not keep the process alive, and ends with the notifier.
 */
export class WatchdogPinger implements Disposable {
  readonly #notifier: Notifier
  readonly #timer: NodeJS.Timeout
  #pending = false

  /**
   * Starts if the manager expects keep-alives from this process. Returns undefined if not.
   *
   * @throws {SdNotifyError} ERR_INVALID_ENVIRONMENT if the variables are not numbers
   */
  static fromEnvironment(
    notifier: Notifier,
    options: WatchdogEnvironmentOptions = {},
  ): WatchdogPinger | undefined {
    checkNotifier(notifier)
    checkOptions('WatchdogPinger.fromEnvironment()', options, { env: 'object', consume: 'boolean' })
    const { env = process.env, consume = true } = options
    const variables = takeVariables(consume ? env : { ...env }, ['WATCHDOG_USEC', 'WATCHDOG_PID'])
    const intervalMs = watchdogIntervalMs(variables)
    if (intervalMs === undefined || !notifier.hasManager) return undefined
    return new WatchdogPinger(notifier, { intervalMs })
  }

  /** @param options.intervalMs the interval that the manager requests, in milliseconds. A ping is sent twice as often. */
  constructor(notifier: Notifier, options: { intervalMs: number }) {
    checkNotifier(notifier)
    checkOptions('new WatchdogPinger()', options, { intervalMs: 'milliseconds' })
    const { intervalMs } = options
    if (!(intervalMs > 0)) throw invalid(`intervalMs must be greater than 0, not ${intervalMs}`)
    this.#notifier = notifier
    const everyMs = Math.min(Math.max(1, Math.floor(intervalMs / 2)), longestTimerMs)
    this.#timer = setInterval(() => this.#ping(), everyMs).unref()
    this.#ping()
  }

  close(): void {
    clearInterval(this.#timer)
  }

  [Symbol.dispose](): void {
    this.close()
  }

  /** One at a time: signs of life that wait behind a stuck manager would only pile up. */
  #ping(): void {
    if (this.#notifier.closed) this.close()
    else if (!this.#pending) {
      this.#pending = true
      void this.#notifier.ping().finally(() => {
        this.#pending = false
      })
    }
  }
}
