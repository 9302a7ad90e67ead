import { escapeUnprintable } from '@shellflip/internal'
import type { LogRecord } from './log-record.ts'
import { timestamp } from './timestamp.ts'

/** A line as the text handler of Go's slog writes it: `time=… level=INFO msg="generation ready" generation=3`. */
export function formatText({ time, level, message, fields }: LogRecord): string {
  const parts = { time: timestamp(time), level, msg: message, ...fields }
  return Object.entries(parts)
    .map(([key, value]) => `${quoteIfNeeded(key)}=${quoteIfNeeded(String(value))}`)
    .join(' ')
}

/** slog does not escape a backslash. A space, `=`, `"` and every unprintable character make it quote. */
function quoteIfNeeded(text: string): string {
  if (/^[^\s="]+$/.test(text) && escapeUnprintable(text) === text) return text
  return `"${escapeUnprintable(text.replace(/["\\]/g, '\\$&'))}"`
}
