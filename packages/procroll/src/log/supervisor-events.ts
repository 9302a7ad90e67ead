import { formatDuration } from '@shellflip/cli/go'
import { type LogFields, type LogLine, line } from '@shellflip/cli/log'
import {
  describeFailure,
  describeRoll,
  type GenerationFailure,
  type SupervisorEvent,
} from '@shellflip/rolling-supervisor'

/** Describes an event of the supervisor as its operator reads it in the log. */
export function describeEvent(event: SupervisorEvent): LogLine {
  switch (event.type) {
    case 'state':
      return line('DEBUG', 'state changed', { state: event.state })
    case 'roll-queued':
      return line('INFO', 'roll is queued: another one is in progress')
    case 'roll-started': {
      const { generation, readyTimeoutMs } = event
      return line('INFO', 'roll started', { generation, ready_timeout: formatDuration(readyTimeoutMs) })
    }
    case 'roll-ended':
      return event.outcome.type === 'rolled'
        ? line('INFO', `rolled: ${describeRoll(event.outcome)}`)
        : line('ERROR', `roll failed: ${describeRoll(event.outcome)}`)
    case 'promoted': {
      const { generation, predecessor } = event
      return line('INFO', 'generation serves', {
        generation,
        ...(predecessor === undefined ? {} : { predecessor }),
      })
    }
    case 'restarting':
      return line('WARN', 'restarting the service', { delay: formatDuration(event.delayMs) })
    case 'draining-too-many': {
      const { generation, maxDraining } = event
      return line('WARN', 'too many generations are draining: killing the oldest', {
        generation,
        max_draining: maxDraining,
      })
    }
    case 'manager-unreachable':
      return line('WARN', 'cannot reach the service manager', { error: event.error.message })
    case 'listener-failed':
      return line('ERROR', 'internal error in a listener. The service keeps running', {
        event: event.event,
        error: String(event.error),
      })
    case 'ended': {
      if (event.exit.type === 'stopped') return line('INFO', 'stopped')
      if (event.exit.type === 'gave-up') return line('ERROR', event.exit.reason)
      const { reason, exitCode } = event.exit
      return line(exitCode === 0 ? 'INFO' : 'ERROR', reason, { exit_code: exitCode })
    }
    default:
      return describeGenerationEvent(event)
  }
}

type GenerationEvent = Extract<SupervisorEvent, { type: `generation-${string}` }>

function describeGenerationEvent(event: GenerationEvent): LogLine {
  const { generation } = event
  switch (event.type) {
    case 'generation-started':
      return line('INFO', 'generation started', { generation, pid: event.pid })
    case 'generation-ready': {
      const { pid, elapsedMs } = event
      return line('INFO', 'generation ready', { generation, pid, elapsed: formatDuration(elapsedMs) })
    }
    case 'generation-failed':
      return describeGenerationFailure(generation, event.failure)
    case 'generation-signalled': {
      const { signal, killAfterMs } = event
      return line('INFO', 'stopping generation', {
        generation,
        signal,
        kill_after: formatDuration(killAfterMs),
      })
    }
    case 'generation-killed':
      return line('WARN', 'killing generation', { generation, reason: KILL_REASONS[event.reason] })
    case 'generation-main-pid':
      return line('INFO', 'generation has a new main process', { generation, pid: event.pid })
    case 'generation-main-pid-refused':
      return line('WARN', 'generation reported a main process that does not belong to it', {
        generation,
        pid: event.pid,
      })
    case 'generation-signal-refused':
      return line('ERROR', 'cannot signal the generation: it runs as another user', {
        generation,
        pid: event.pid,
        signal: event.signal,
      })
    case 'generation-given-up':
      return line('ERROR', 'generation cannot be killed: SIGKILL did not end it', {
        generation,
        pid: event.pid,
      })
    case 'generation-receive-failed':
      return line('WARN', 'cannot receive messages of the generation at the moment', {
        generation,
        error: event.error.message,
      })
    case 'generation-report':
      return line('DEBUG', 'generation reports to the manager', { generation })
    case 'generation-status':
      return line('DEBUG', 'generation status', { generation, status: event.text })
    case 'generation-extended':
      return line('DEBUG', 'generation requested more time', {
        generation,
        extension: formatDuration(event.ms),
      })
    case 'generation-fds-refused':
      return line(
        'WARN',
        'generation sent file descriptors to store: closed them, because procroll does not have a store',
        { generation, count: event.count },
      )
    case 'generation-exited': {
      const { code, signal } = event.exit
      const how: LogFields = signal !== null ? { signal } : code !== null ? { exit_code: code } : {}
      return line('INFO', 'generation exited', { generation, ...how })
    }
  }
}

function describeGenerationFailure(generation: number, failure: GenerationFailure): LogLine {
  const fields = { generation, reason: describeFailure(failure) }
  if (failure.type === 'stopped') return line('INFO', 'generation stopped', fields)
  const isCleanEnd = failure.type === 'exited' && failure.code === 0 && !failure.beforeReady
  if (isCleanEnd) return line('INFO', 'generation exited by itself', fields)
  return line('ERROR', 'generation failed', fields)
}

const KILL_REASONS = {
  overdue: 'the drain timeout passed',
  hung: 'its watchdog timeout passed',
  asked: 'the time to drain is over',
}
