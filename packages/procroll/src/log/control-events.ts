import type { LogLine } from '@shellflip/cli/log'
import type { PlaceEvent, StopCause, StopEvent } from '@shellflip/supervisor-control'
import { explainError } from './explain-error.ts'

/** Describes what happens at the control socket as its operator reads it in the log. */
export function describePlaceEvent(event: PlaceEvent): LogLine {
  if (event.type === 'no-control-socket') {
    return {
      level: 'WARN',
      message: 'cannot open a control socket: procroll roll, status and stop will not find this supervisor',
      fields: { error: explainError(event.error, false) },
    }
  }
  const fields = {
    event: event.type,
    ...('path' in event ? { path: event.path } : {}),
    ...('reason' in event ? { reason: event.reason } : {}),
    ...('error' in event ? { error: String(event.error) } : {}),
  }
  switch (event.type) {
    case 'path-restored':
      return { level: 'WARN', message: 'control socket was removed, and is created again', fields }
    case 'path-lost':
      return {
        level: 'ERROR',
        message: 'control socket was removed, and cannot be created again yet',
        fields,
      }
    case 'answer-failed':
      return { level: 'ERROR', message: 'cannot answer a control client', fields }
    default:
      return { level: 'DEBUG', message: 'cannot answer a control client', fields }
  }
}

const causes: Partial<Record<StopCause, string>> = {
  request: 'procroll stop',
  'request-now': 'procroll stop --now',
  fault: 'internal error',
}

/** Describes a stop, and what it does. */
export function describeStop({ verdict, cause }: StopEvent): LogLine {
  const fields = { by: causes[cause] ?? cause }
  switch (verdict) {
    case 'drain':
      return { level: 'INFO', message: 'stopping', fields }
    case 'same':
      return { level: 'INFO', message: 'repeats the stop in progress: ignored', fields }
    case 'cut':
      return { level: 'WARN', message: 'stopping immediately, without time to drain', fields }
  }
}
