import type { Logger } from '../log/logger.ts'
import { type CaughtSignal, catchSignals, receiveSignals } from './caught-signals.ts'
import type { Service } from './service.ts'

type Obedient = Pick<Service, 'roll' | 'stop'>

/** Answers every signal until the process exits: docs/signals.md has the table. */
export function obeySignals(service: Obedient, logger: Logger): void {
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
