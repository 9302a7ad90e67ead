import { lateExpression } from '@shellflip/internal'
import type { LogRecord } from './log-record.ts'
import { timestamp } from './timestamp.ts'

/** The characters that JSON does not escape but a terminal obeys: DEL, the C1 controls, the line separators, turns of direction. */
const beyondJson = lateExpression('[\\p{Cc}\\p{Bidi_Control}\\u2028\\u2029]', 'gu')

/** A line as the JSON handler of Go's slog writes it. */
export function formatJson({ time, level, message, fields }: LogRecord): string {
  return terminalSafeJson({ time: timestamp(time), level, msg: message, ...fields })
}

/** One line of JSON that a terminal takes as text, whatever its strings contain. */
export function terminalSafeJson(value: object): string {
  return JSON.stringify(value).replace(
    beyondJson(),
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}
