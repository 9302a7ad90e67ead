export { terminalSafeJson } from './log/format-json.ts'
export { formatText } from './log/format-text.ts'
export { type LogFields, type LogLine, line } from './log/log-record.ts'
export {
  createLogger,
  formatRecord,
  type LogFormat,
  type Logger,
  logging,
  logWarnings,
} from './log/logger.ts'
export { standardError } from './log/standard-error.ts'
export { timestamp } from './log/timestamp.ts'
