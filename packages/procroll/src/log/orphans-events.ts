import { type LogLine, line } from '@shellflip/cli/log'
import type { OrphansEvent } from '@shellflip/orphans'

/** Describes what happens to the generations that a killed procroll left. */
export function describeOrphans(event: OrphansEvent): LogLine {
  switch (event.type) {
    case 'orphan-found': {
      const { generation, pid, policy } = event
      return line('WARN', FOUND[policy], { generation, pid })
    }
    case 'orphan-in-the-way': {
      const { generation, pid, reason } = event
      return line('WARN', 'ending the generation of a killed procroll first: it holds the address', {
        generation,
        pid,
        reason,
      })
    }
    case 'orphan-draining': {
      const { generation, pid } = event
      return line('INFO', 'stopping the generation of a killed procroll', { generation, pid })
    }
    case 'orphan-stays':
      return line('ERROR', 'generation of a killed procroll still runs', { error: event.error.message })
    case 'orphan-serves-on': {
      const { generation, pid } = event
      return line(
        'ERROR',
        'the new version does not serve: the generation of a killed procroll keeps serving',
        { generation, pid },
      )
    }
    case 'orphan-elsewhere': {
      const { label, generation, pid } = event
      return line('WARN', 'a killed procroll without a name left a generation', {
        procroll: label,
        generation,
        pid,
      })
    }
    case 'listener-not-taken':
      return line('WARN', 'cannot take over the socket of a killed procroll', {
        socket: event.socket,
        error: event.error.message,
      })
    case 'record-unusable':
      return line('WARN', 'cannot use the record of former generations', {
        path: event.path,
        error: event.error.message,
      })
    case 'record-failed':
      return line(
        'WARN',
        'cannot record the generations: if procroll is killed, the next one will not find them',
        { error: event.error.message },
      )
    case 'background-process': {
      const { generation, pid } = event
      return line('WARN', 'the generation left a process in the background: ending it', { generation, pid })
    }
    case 'background-process-stays':
      return line('ERROR', 'cannot end the processes that the generation left in the background', {
        generation: event.generation,
        error: event.error.message,
      })
    case 'sweep-failed':
      return line('DEBUG', 'cannot remove the folder of a dead supervisor', { error: event.error.message })
  }
}

const FOUND = {
  end: 'generation of a killed procroll keeps serving until the next one is ready',
  'end-first': 'ending the generation of a killed procroll',
} as const
