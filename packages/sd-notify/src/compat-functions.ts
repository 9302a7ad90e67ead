// The functions of the npm package sd-notify 2.8.0, without its compiler and libsystemd-dev. Its index.js and notify.cc
// define names, arguments and results.
import { sendToJournal } from './compat-journal.ts'
import { sendDatagram } from './compat-send.ts'
import { watchdogIntervalMs } from './watchdog-interval.ts'

const defaultWatchdogMs = 3000

/** USEC_INFINITY of systemd, which is not an interval for sd_watchdog_enabled(3). */
const infiniteMs = 2 ** 64 / 1000

let watchdogTimer: NodeJS.Timeout | undefined

/** Reports that the service is ready (`READY=1`). */
export function ready(): void {
  sendState('READY=1')
}

/** Reports that the service stops (`STOPPING=1`). The argument is there because the original takes one. */
export function stopping(_pid?: number): void {
  sendState('STOPPING=1')
}

/** Sends one sign of life to the watchdog (`WATCHDOG=1`). */
export function watchdog(): void {
  sendState('WATCHDOG=1')
}

/** Returns the interval of systemd's watchdog in milliseconds, or 0 if it does not watch this process. */
export function watchdogInterval(): number {
  try {
    const intervalMs = watchdogIntervalMs() ?? 0
    return intervalMs < infiniteMs ? Math.floor(intervalMs) : 0
  } catch {
    return 0
  }
}

/** Sends a sign of life every `interval` milliseconds, until `stopWatchdogMode()`. Keeps the process alive. @default 3000 */
export function startWatchdogMode(interval?: number): void {
  stopWatchdogMode()
  watchdogTimer = setInterval(watchdog, Number(interval) || defaultWatchdogMs)
}

/** Stops what `startWatchdogMode()` started. */
export function stopWatchdogMode(): void {
  clearInterval(watchdogTimer)
  watchdogTimer = undefined
}

/** Sends the text that `systemctl status` shows (`STATUS=`). */
export function sendStatus(text: string): void {
  sendState(`STATUS=${text}\n`)
}

/** Sends lines of sd_notify(3) as they are. Fails silently, as the original does. */
export function sendState(state: string | readonly string[]): void {
  const { NOTIFY_SOCKET: address } = process.env
  if (address === undefined || address === '') return
  // libsystemd reads a C string, which ends at a NUL.
  const [text = ''] = String(state).split('\0', 1)
  sendDatagram(address, text).catch(() => {})
}

/** Writes a line to the journal with a level of syslog(3), from 0 to 7. */
export function journalPrint(level: number, text: string): void {
  sendToJournal(level, text).catch(() => {})
}

function printer(level: number) {
  return (...words: unknown[]): void => journalPrint(level, words.join(' '))
}

/** Writes to the journal, one function a level. Joins its arguments by spaces. */
export const log = {
  emerg: printer(0),
  emergency: printer(0),
  alert: printer(1),
  crit: printer(2),
  critical: printer(2),
  err: printer(3),
  error: printer(3),
  warning: printer(4),
  warn: printer(4),
  notice: printer(5),
  info: printer(6),
  debug: printer(7),
}
