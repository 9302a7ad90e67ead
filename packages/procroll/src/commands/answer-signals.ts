import type { Logger } from '@shellflip/cli/log'
import { type CaughtSignal, catchSignals, receiveSignals } from '@shellflip/cli/process'
import type { ControlledSupervisor } from '@shellflip/supervisor-control'

type Obedient = Pick<ControlledSupervisor, 'roll' | 'stop'>

/** Answers every signal until the process exits: docs/signals.md has the table. */
export function answerSignals(service: Obedient, logger: Logger): void {
  const terminal = catchSignals()
  process.once('exit', () => terminal.release())
  const ignored = new Set<CaughtSignal>()
  receiveSignals((signal) => {
    switch (signal) {
      case 'SIGHUP':
        if (terminal.hasHungUp) service.stop(signal)
        else service.roll()
        break
      case 'SIGINT':
      case 'SIGQUIT':
      case 'SIGTERM':
        service.stop(signal)
        break
      default:
        if (ignored.has(signal)) break
        ignored.add(signal)
        logger.log('WARN', 'procroll does not use this signal: ignored', { signal })
    }
  })
}
