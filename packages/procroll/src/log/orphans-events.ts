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
        message: 'ending the generation of a killed procroll first: it holds the address',
        fields: { generation, pid, reason },
      }
    }
    case 'orphan-draining': {
      const { generation, pid } = event
      return {
        level: 'INFO',
        message: 'stopping the generation of a killed procroll',
        fields: { generation, pid },
      }
    }
    case 'orphan-stays':
      return {
        level: 'ERROR',
        message: 'generation of a killed procroll still runs',
        fields: { error: event.error.message },
      }
    case 'orphan-serves-on': {
      const { generation, pid } = event
      return {
        level: 'ERROR',
        message: 'the new version does not serve: the generation of a killed procroll keeps serving',
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
        message: 'cannot take over the socket of a killed procroll',
        fields: { socket: event.socket, error: event.error.message },
      }
    case 'record-unusable':
      return {
        level: 'WARN',
        message: 'cannot use the record of former generations',
        fields: { path: event.path, error: event.error.message },
      }
    case 'record-failed':
      return {
        level: 'WARN',
        message: 'cannot record the generations: if procroll is killed, the next one will not find them',
        fields: { error: event.error.message },
      }
    case 'background-process': {
      const { generation, pid } = event
      return {
        level: 'WARN',
        message: 'the generation left a process in the background: ending it',
        fields: { generation, pid },
      }
    }
    case 'background-process-stays':
      return {
        level: 'ERROR',
        message: 'cannot end the processes that the generation left in the background',
        fields: { generation: event.generation, error: event.error.message },
      }
    case 'sweep-failed':
      return {
        level: 'DEBUG',
        message: 'cannot remove the folder of a dead supervisor',
        fields: { error: event.error.message },
      }
  }
}

const FOUND = {
  end: 'generation of a killed procroll keeps serving until the next one is ready',
  'end-first': 'ending the generation of a killed procroll',
} as const
