import { formatDuration } from '@shellflip/cli/go'
import type { LogFields, LogLine } from '@shellflip/cli/log'
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
      return { level: 'DEBUG', message: 'state changed', fields: { state: event.state } }
    case 'roll-queued':
      return { level: 'INFO', message: 'roll is queued: another one is in progress' }
    case 'roll-started': {
      const { generation, readyTimeoutMs } = event
      return {
        level: 'INFO',
        message: 'roll started',
        fields: { generation, ready_timeout: formatDuration(readyTimeoutMs) },
      }
    }
    case 'roll-ended':
      return event.outcome.type === 'rolled'
        ? { level: 'INFO', message: `rolled: ${describeRoll(event.outcome)}` }
        : { level: 'ERROR', message: `roll failed: ${describeRoll(event.outcome)}` }
    case 'promoted': {
      const { generation, predecessor } = event
      return {
        level: 'INFO',
        message: 'generation serves',
        fields: { generation, ...(predecessor === undefined ? {} : { predecessor }) },
      }
    }
    case 'restarting':
      return {
        level: 'WARN',
        message: 'restarting the service',
        fields: { delay: formatDuration(event.delayMs) },
      }
    case 'draining-too-many': {
      const { generation, maxDraining } = event
      return {
        level: 'WARN',
        message: 'too many generations are draining: killing the oldest',
        fields: { generation, max_draining: maxDraining },
      }
    }
    case 'manager-unreachable':
      return {
        level: 'WARN',
        message: 'cannot reach the service manager',
        fields: { error: event.error.message },
      }
    case 'listener-failed':
      return {
        level: 'ERROR',
        message: 'internal error in a listener. The service keeps running',
        fields: { event: event.event, error: String(event.error) },
      }
    case 'ended': {
      if (event.exit.type === 'stopped') return { level: 'INFO', message: 'stopped' }
      if (event.exit.type === 'gave-up') return { level: 'ERROR', message: event.exit.reason }
      const { reason, exitCode } = event.exit
      return { level: exitCode === 0 ? 'INFO' : 'ERROR', message: reason, fields: { exit_code: exitCode } }
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
      return { level: 'INFO', message: 'generation started', fields: { generation, pid: event.pid } }
    case 'generation-ready': {
      const { pid, elapsedMs } = event
      return {
        level: 'INFO',
        message: 'generation ready',
        fields: { generation, pid, elapsed: formatDuration(elapsedMs) },
      }
    }
    case 'generation-failed':
      return describeGenerationFailure(generation, event.failure)
    case 'generation-signalled': {
      const { signal, killAfterMs } = event
      return {
        level: 'INFO',
        message: 'stopping generation',
        fields: { generation, signal, kill_after: formatDuration(killAfterMs) },
      }
    }
    case 'generation-killed':
      return {
        level: 'WARN',
        message: 'killing generation',
        fields: { generation, reason: KILL_REASONS[event.reason] },
      }
    case 'generation-main-pid':
      return {
        level: 'INFO',
        message: 'generation has a new main process',
        fields: { generation, pid: event.pid },
      }
    case 'generation-main-pid-refused':
      return {
        level: 'WARN',
        message: 'generation reported a main process that does not belong to it',
        fields: { generation, pid: event.pid },
      }
    case 'generation-signal-refused':
      return {
        level: 'ERROR',
        message: 'cannot signal the generation: it runs as another user',
        fields: { generation, pid: event.pid, signal: event.signal },
      }
    case 'generation-given-up':
      return {
        level: 'ERROR',
        message: 'generation cannot be killed: SIGKILL did not end it',
        fields: { generation, pid: event.pid },
      }
    case 'generation-receive-failed':
      return {
        level: 'WARN',
        message: 'cannot receive messages of the generation at the moment',
        fields: { generation, error: event.error.message },
      }
    case 'generation-report':
      return { level: 'DEBUG', message: 'generation reports to the manager', fields: { generation } }
    case 'generation-status':
      return { level: 'DEBUG', message: 'generation status', fields: { generation, status: event.text } }
    case 'generation-extended':
      return {
        level: 'DEBUG',
        message: 'generation requested more time',
        fields: { generation, extension: formatDuration(event.ms) },
      }
    case 'generation-fds-refused':
      return {
        level: 'WARN',
        message:
          'generation sent file descriptors to store: closed them, because procroll does not have a store',
        fields: { generation, count: event.count },
      }
    case 'generation-exited': {
      const { code, signal } = event.exit
      const how: LogFields = signal !== null ? { signal } : code !== null ? { exit_code: code } : {}
      return { level: 'INFO', message: 'generation exited', fields: { generation, ...how } }
    }
  }
}

function describeGenerationFailure(generation: number, failure: GenerationFailure): LogLine {
  const fields = { generation, reason: describeFailure(failure) }
  if (failure.type === 'stopped') return { level: 'INFO', message: 'generation stopped', fields }
  const isCleanEnd = failure.type === 'exited' && failure.code === 0 && !failure.beforeReady
  if (isCleanEnd) return { level: 'INFO', message: 'generation exited by itself', fields }
  return { level: 'ERROR', message: 'generation failed', fields }
}

const KILL_REASONS = {
  overdue: 'the drain timeout passed',
  hung: 'its watchdog timeout passed',
  asked: 'there is no time left',
}
