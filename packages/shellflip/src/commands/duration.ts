import { longestTimerMs } from '@shellflip/internal'

const unitsMs: Record<string, number> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 }

/** Converts `500ms`, `1.5s`, `2m` or `1h` to milliseconds. Returns undefined for any other text, and for 0. */
export function parseDuration(text: string): number | undefined {
  const [, number = '', unit = ''] = /^(\d+(?:\.\d+)?)(ms|s|m|h)$/.exec(text) ?? []
  const milliseconds = Math.ceil(Number(number) * (unitsMs[unit] ?? 0))
  return milliseconds > 0 ? Math.min(milliseconds, longestTimerMs) : undefined
}
