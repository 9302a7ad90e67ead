import { longestTimerMs } from '../longest-timer.ts'

const unitsMs: Record<string, number> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 }

/** Milliseconds of `500ms`, `1.5s`, `2m`, `1h`; undefined if it is no such text, or no time at all. */
export function parseDuration(text: string): number | undefined {
  const [, number = '', unit = ''] = /^(\d+(?:\.\d+)?)(ms|s|m|h)$/.exec(text) ?? []
  const milliseconds = Math.ceil(Number(number) * (unitsMs[unit] ?? 0))
  return milliseconds > 0 ? Math.min(milliseconds, longestTimerMs) : undefined
}
