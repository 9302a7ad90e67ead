import { constants } from 'node:os'

/** SIGRTMAX of Linux. Other systems have fewer. */
const largest = process.platform === 'linux' ? 64 : 31

/** Returns whether kill(2) can send it: a name that Node knows, or a number. Node does not name real-time signals. */
export function isSignal(signal: unknown): signal is NodeJS.Signals | number {
  if (typeof signal === 'string') return Object.hasOwn(constants.signals, signal)
  return typeof signal === 'number' && Number.isInteger(signal) && signal > 0 && signal <= largest
}
