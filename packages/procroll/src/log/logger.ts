import { formatJson } from './format-json.ts'
import { formatText } from './format-text.ts'
import type { LogFields, LogLevel } from './log-record.ts'

export type LogFormat = 'text' | 'json'

export type Logger = {
  log: (level: LogLevel, message: string, fields?: LogFields) => void
}

/** Lines on stderr. That nobody reads them, or that the disk is full, is no reason to stop a service. */
export function createLogger(options: { format: LogFormat; debug: boolean }): Logger {
  const format = options.format === 'json' ? formatJson : formatText
  process.stderr.on('error', () => {})
  return {
    log(level, message, fields = {}) {
      if (level === 'DEBUG' && !options.debug) return
      process.stderr.write(`${format({ time: new Date(), level, message, fields })}\n`)
    },
  }
}
