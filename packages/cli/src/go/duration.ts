import { longestTimerMs } from '@shellflip/internal'
import { usageError } from '../errors/usage-error.ts'

const NANOSECONDS: Record<string, bigint> = {
  ns: 1n,
  us: 1_000n,
  µs: 1_000n,
  μs: 1_000n,
  ms: 1_000_000n,
  s: 1_000_000_000n,
  m: 60_000_000_000n,
  h: 3_600_000_000_000n,
}

/** A Go duration is an int64 of nanoseconds. */
const LONGEST = 2n ** 63n - 1n

/**
 * Milliseconds of a duration as Go writes it (`time.ParseDuration`): `300ms`, `1.5h`, `1m30s`, `0`.
 * A sign is refused unless it is `+`: nothing here can take less than no time.
 *
 * @throws {UsageError} if it is not a duration. The message lists what is accepted
 */
export function parseDuration(text: string): number {
  const refuse = (why: string) =>
    usageError(`"${text}" is not a duration: ${why}. Examples: 300ms, 10s, 1m30s, 2h`)
  const unsigned = text.replace(/^[+-]/, '')
  if (unsigned === '') throw refuse('it is empty')
  if (text.startsWith('-')) throw refuse('it is negative')
  if (unsigned === '0') return 0

  let total = 0n
  let rest = unsigned
  while (rest !== '') {
    const [whole, digits = '', fraction = ''] = /^(\d*)(?:\.(\d*))?/.exec(rest) ?? ['']
    if (digits === '' && fraction === '') throw refuse(`a number is missing before "${rest}"`)
    const unit = /^[^\d.]*/.exec(rest.slice(whole.length))?.[0] ?? ''
    if (unit === '') throw refuse(`a unit is missing after "${whole}" (ns, us, ms, s, m, h)`)
    const scale = Object.hasOwn(NANOSECONDS, unit) ? NANOSECONDS[unit] : undefined
    if (scale === undefined) throw refuse(`"${unit}" is not a unit (ns, us, ms, s, m, h)`)
    total += BigInt(digits) * scale + (BigInt(fraction) * scale) / 10n ** BigInt(fraction.length)
    if (total > LONGEST) throw refuse('it is longer than 292 years')
    rest = rest.slice(whole.length + unit.length)
  }
  return Math.min(Number(total) / 1e6, longestTimerMs)
}

/** Milliseconds as Go prints a duration: `1m0s`, `10s`, `1.5s`, `300ms`, `0s`. */
export function formatDuration(milliseconds: number): string {
  const nanoseconds = Math.round(milliseconds * 1e6)
  if (nanoseconds === 0) return '0s'
  if (nanoseconds < 1e3) return `${nanoseconds}ns`
  if (nanoseconds < 1e6) return `${nanoseconds / 1e3}µs`
  if (nanoseconds < 1e9) return `${nanoseconds / 1e6}ms`
  const minutes = Math.floor(nanoseconds / 60e9)
  const seconds = `${(nanoseconds - minutes * 60e9) / 1e9}s`
  if (minutes === 0) return seconds
  if (minutes < 60) return `${minutes}m${seconds}`
  return `${Math.floor(minutes / 60)}h${minutes % 60}m${seconds}`
}
