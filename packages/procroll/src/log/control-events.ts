import { type LogLine, line } from '@shellflip/cli/log'
import type { PlaceEvent, StopCause, StopEvent } from '@shellflip/supervisor-control'
import { explainError } from './explain-error.ts'

/** Describes what happens at the control socket as its operator reads it in the log. */
export function describePlaceEvent(event: PlaceEvent): LogLine {
  if (event.type === 'no-control-socket') {
    return line(
      'WARN',
      'cannot open a control socket: procroll roll, status and stop will not find this supervisor',
      { error: explainError(event.error, false) },
    )
  }
  const fields = {
    event: event.type,
    ...('path' in event ? { path: event.path } : {}),
    ...('reason' in event ? { reason: event.reason } : {}),
    ...('error' in event ? { error: String(event.error) } : {}),
  }
  switch (event.type) {
    case 'path-restored':
      return line('WARN', 'control socket was removed, and is created again', fields)
    case 'path-lost':
      return line('ERROR', 'control socket was removed, and cannot be created again yet', fields)
    case 'answer-failed':
      return line('ERROR', 'cannot answer a control client', fields)
    default:
      return line('DEBUG', 'cannot answer a control client', fields)
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
      return line('INFO', 'stopping', fields)
    case 'same':
      return line('INFO', 'repeats the stop in progress: ignored', fields)
    case 'cut':
      return line('WARN', 'stopping immediately, without time to drain', fields)
  }
}
