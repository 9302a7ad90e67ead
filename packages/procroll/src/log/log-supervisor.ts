import { type Logger, logging } from '@shellflip/cli/log'
import type { SupervisorEvent } from '@shellflip/rolling-supervisor'
import { hintFor } from './hints.ts'
import { describeEvent } from './supervisor-events.ts'

/**
 * Logs the events of a supervisor, and a hint after a failure whose reason is often the same.
 *
 * @param hasListeners whether generations get sockets
 */
export function logSupervisor(logger: Logger, hasListeners: boolean): (event: SupervisorEvent) => void {
  const log = logging(logger, describeEvent)
  return (event) => {
    log(event)
    if (event.type !== 'generation-failed') return
    const hint = hintFor(event.failure, hasListeners)
    if (hint !== undefined) logger.log('INFO', hint, { generation: event.generation })
  }
}
