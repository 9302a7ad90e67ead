import type { LogLine } from '@shellflip/cli/log'
import type { OrphansEvent } from '@shellflip/orphans'

/** Describes what happens to the generations that a killed procroll left. */
export function describeOrphans(event: OrphansEvent): LogLine {
  switch (event.type) {
    case 'orphan-found': {
      const { generation, pid, policy } = event
      return { level: 'WARN', message: FOUND[policy], fields: { generation, pid } }
    }
    case 'orphan-in-the-way': {
      const { generation, pid, reason } = event
      return {
        level: 'WARN',
        message: 'generation of a killed procroll is ended first: it holds the address',
        fields: { generation, pid, reason },
      }
    }
    case 'orphan-draining': {
      const { generation, pid } = event
      return {
        level: 'INFO',
        message: 'generation of a killed procroll is asked to end',
        fields: { generation, pid },
      }
    }
    case 'orphan-stays':
      return {
        level: 'ERROR',
        message: 'generation of a killed procroll is left',
        fields: { error: event.error.message },
      }
    case 'orphan-serves-on': {
      const { generation, pid } = event
      return {
        level: 'ERROR',
        message: 'the new version does not serve: generation of a killed procroll serves on',
        fields: { generation, pid },
      }
    }
    case 'orphan-elsewhere': {
      const { label, generation, pid } = event
      return {
        level: 'WARN',
        message: 'a killed procroll without a name left a generation',
        fields: { procroll: label, generation, pid },
      }
    }
    case 'listener-not-taken':
      return {
        level: 'WARN',
        message: 'socket of a killed procroll cannot be taken over',
        fields: { socket: event.socket, error: event.error.message },
      }
    case 'record-unusable':
      return {
        level: 'WARN',
        message: 'record of former generations is not usable',
        fields: { path: event.path, error: event.error.message },
      }
    case 'record-failed':
      return {
        level: 'WARN',
        message: 'generations cannot be recorded: if procroll is killed, the next one will not find them',
        fields: { error: event.error.message },
      }
    case 'background-process': {
      const { generation, pid } = event
      return {
        level: 'WARN',
        message: 'the generation left a process in the background: it is ended',
        fields: { generation, pid },
      }
    }
    case 'background-process-stays':
      return {
        level: 'ERROR',
        message: 'what the generation left in the background cannot be ended',
        fields: { generation: event.generation, error: event.error.message },
      }
    case 'sweep-failed':
      return {
        level: 'DEBUG',
        message: 'folder of a dead supervisor cannot be removed',
        fields: { error: event.error.message },
      }
  }
}

const FOUND = {
  end: 'generation of a killed procroll serves until the next one is ready',
  'end-first': 'generation of a killed procroll is ended',
} as const
