export type LogLevel = 'DEBUG' | 'INFO' | 'WARN' | 'ERROR'
export type LogFields = Record<string, string | number>
export type LogRecord = { time: Date; level: LogLevel; message: string; fields: LogFields }
