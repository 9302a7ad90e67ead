import type { StopVerdict } from '@shellflip/internal'
import type { StopCause } from '../supervise/stop-rule.ts'
import type { LogLine } from './supervisor-events.ts'

const CAUSES: Partial<Record<StopCause, string>> = {
  request: 'procroll stop',
  'request-now': 'procroll stop --now',
  fault: 'internal error',
}

/** A stop, and what it does, as its operator reads it in the log. */
export function describeStop(verdict: StopVerdict, cause: StopCause): LogLine {
  const fields = { by: CAUSES[cause] ?? cause }
  switch (verdict) {
    case 'drain':
      return { level: 'INFO', message: 'stopping', fields }
    case 'same':
      return { level: 'INFO', message: 'repeats the stop in progress: ignored', fields }
    case 'cut':
      return { level: 'WARN', message: 'stopping immediately, without time to drain', fields }
  }
}
