export type LogLevel = 'DEBUG' | 'INFO' | 'WARN' | 'ERROR'
export type LogFields = Record<string, string | number>
/** A line of the log before it gets its time. */
export type LogLine = { level: LogLevel; message: string; fields?: LogFields }
export type LogRecord = Required<LogLine> & { time: Date }

/** Makes a line of the log. */
export function line(level: LogLevel, message: string, fields?: LogFields): LogLine {
  return fields === undefined ? { level, message } : { level, message, fields }
}
