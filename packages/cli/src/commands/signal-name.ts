import { constants } from 'node:os'
import { usageError } from '../errors/usage-error.ts'

const LAST_SIGNAL = 64

/** glibc and musl keep the first two (three) of the kernel's real-time signals, 32 up, for their threads. */
const SIGRTMIN = 34

/**
 * Parses a signal name, with or without `SIG`, or a signal number. Node does not name real-time signals (`SIGRTMIN+3`), so this returns
 * their number.
 *
 * @throws {UsageError} if it is not a signal. The message lists what is accepted
 */
export function parseSignal(text: string): NodeJS.Signals | number {
  const signal = /^\d+$/.test(text) ? byNumber(Number(text)) : byName(text.toUpperCase())
  if (signal === undefined) {
    throw usageError(
      `"${text}" is not a signal of this system. Give a name or a number from 1 to ${LAST_SIGNAL}: SIGTERM, QUIT, 15`,
    )
  }
  return signal
}

function byNumber(number: number): NodeJS.Signals | number | undefined {
  if (number < 1 || number > LAST_SIGNAL) return undefined
  const known = Object.entries(constants.signals).find(([, value]) => value === number)
  return known === undefined ? number : (known[0] as NodeJS.Signals)
}

function byName(text: string): NodeJS.Signals | number | undefined {
  const name = text.startsWith('SIG') ? text : `SIG${text}`
  if (Object.hasOwn(constants.signals, name)) return name as NodeJS.Signals
  const realTime = /^SIGRT(MIN\+|MAX-)(\d{1,2})$/.exec(name)
  if (realTime === null || process.platform !== 'linux') return undefined
  const offset = Number(realTime[2])
  const number = realTime[1] === 'MIN+' ? SIGRTMIN + offset : LAST_SIGNAL - offset
  return number >= SIGRTMIN && number <= LAST_SIGNAL ? number : undefined
}
