import { show } from '@shellflip/internal'
import { checkEnvironment } from './check-argument.ts'
import { SdNotifyError } from './errors.ts'

/**
 * Returns the interval of the manager's watchdog (`WATCHDOG_USEC`), in milliseconds. Returns undefined if the manager has no watchdog
 * here, or expects keep-alives from another process (`WATCHDOG_PID`). sd_watchdog_enabled(3) advises to send them twice as often.
 *
 * @throws {SdNotifyError} ERR_INVALID_ENVIRONMENT if the variables are not numbers
 */
export function watchdogIntervalMs(env: NodeJS.ProcessEnv = process.env): number | undefined {
  checkEnvironment(env)
  const { WATCHDOG_USEC: usec, WATCHDOG_PID: pid } = env
  if (usec === undefined) return undefined
  if (pid !== undefined && wholeNumber('WATCHDOG_PID', pid) !== process.pid) return undefined
  return wholeNumber('WATCHDOG_USEC', usec) / 1000
}

function wholeNumber(name: string, text: string): number {
  if (typeof text !== 'string' || !/^[1-9]\d{0,19}$/.test(text)) {
    const found = typeof text === 'string' ? text : show(text)
    throw new SdNotifyError(
      'ERR_INVALID_ENVIRONMENT',
      `${name}=${found} must be a whole number greater than 0`,
    )
  }
  return Number(text)
}
