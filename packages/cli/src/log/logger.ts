import { formatJson } from './format-json.ts'
import { formatText } from './format-text.ts'
import type { LogFields, LogLevel, LogLine } from './log-record.ts'
import { standardError } from './standard-error.ts'

export type LogFormat = 'text' | 'json'

export type Logger = {
  log: (level: LogLevel, message: string, fields?: LogFields) => void
}

/** Logs lines on stderr. A line that nobody reads must not stop a service, nor must a full disk. */
export function createLogger(options: { format: LogFormat; debug: boolean }): Logger {
  const format = (level: LogLevel, message: string, fields: LogFields) =>
    formatRecord(options.format)({ time: new Date(), level, message, fields })
  const output = standardError((count, reason) =>
    format('WARN', 'lines of the log were dropped', { count, reason }),
  )
  return {
    log(level, message, fields = {}) {
      if (level === 'DEBUG' && !options.debug) return
      output.print(format(level, message, fields))
    },
  }
}

/** Makes a listener that logs each event as it is described. */
export function logging<Event>(logger: Logger, describe: (event: Event) => LogLine): (event: Event) => void {
  return (event) => {
    const { level, message, fields } = describe(event)
    logger.log(level, message, fields)
  }
}

export function formatRecord(format: LogFormat): typeof formatText {
  return format === 'json' ? formatJson : formatText
}

/** Logs Node's own warnings. Its default prints them itself, and waits for the reader. */
export function logWarnings(logger: Logger): void {
  if (process.listenerCount('warning') === 0) return
  process.removeAllListeners('warning')
  process.on('warning', ({ name, message }) =>
    logger.log('WARN', 'Node.js warns', { name, warning: message }),
  )
}
