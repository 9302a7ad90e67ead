export type LogLevel = 'DEBUG' | 'INFO' | 'WARN' | 'ERROR'
export type LogFields = Record<string, string | number>
/** A line of the log before it gets its time. */
export type LogLine = { level: LogLevel; message: string; fields?: LogFields }
export type LogRecord = Required<LogLine> & { time: Date }
