import type { Logger } from '../log/logger.ts'
import { type CaughtSignal, receiveSignals } from './caught-signals.ts'
import type { Service } from './service.ts'
import type { StopVerdict } from './stop-rule.ts'
import { Terminal } from './terminal.ts'

type Obedient = Pick<Service, 'roll' | 'stop'>

/** Answers every signal until the process exits: docs/signals.md has the table. */
export function obeySignals(service: Obedient, logger: Logger): void {
  const terminal = new Terminal()
  process.once('exit', () => terminal.release())
  const ignored = new Set<CaughtSignal>()
  const stop = (signal: 'SIGHUP' | 'SIGINT' | 'SIGQUIT' | 'SIGTERM') => {
    const { level, message } = STOP_LINES[service.stop(signal)]
    logger.log(level, message, { signal })
  }
  receiveSignals((signal) => {
    switch (signal) {
      case 'SIGHUP':
        if (terminal.hasHungUp) stop(signal)
        else service.roll()
        break
      case 'SIGINT':
      case 'SIGQUIT':
      case 'SIGTERM':
        stop(signal)
        break
      default:
        if (ignored.has(signal)) break
        ignored.add(signal)
        logger.log('WARN', 'signal has no meaning for procroll and is ignored', { signal })
    }
  })
}

const STOP_LINES = {
  drain: { level: 'INFO', message: 'stopping' },
  same: { level: 'INFO', message: 'signal repeats the stop under way and changes nothing' },
  cut: { level: 'WARN', message: 'stopping again: the drain is cut short' },
} as const satisfies Record<StopVerdict, object>
