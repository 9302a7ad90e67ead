import { constants } from 'node:os'
import { checkOptionTypes, type OptionTypes, show } from '@shellflip/internal/check-options'
import type { SupervisorOptions } from './options.ts'
import { SupervisorError } from './supervisor-error.ts'

const types: OptionTypes<keyof SupervisorOptions> = {
  command: 'function',
  notifyDirectory: 'string',
  readyTimeoutMs: 'milliseconds',
  shutdownTimeoutMs: 'milliseconds',
  stopSignal: 'any',
  restart: 'any',
  maxDraining: 'count',
  watchdogMs: 'milliseconds',
  listen: 'any',
  manager: 'object',
}

const restartModes: readonly unknown[] = ['on-failure', 'always', 'never']

/**
 * Finds options that do not exist, values of a wrong type, and options that are missing.
 *
 * @throws {SupervisorError} ERR_INVALID_ARGUMENT
 */
export function checkSupervisorOptions(options: SupervisorOptions): void {
  const fault = checkOptionTypes('new RollingSupervisor()', options, types) ?? valueFault(options)
  if (fault !== undefined) throw new SupervisorError('ERR_INVALID_ARGUMENT', fault)
}

function valueFault({
  command,
  notifyDirectory,
  stopSignal,
  restart,
  listen,
}: SupervisorOptions): string | undefined {
  if (command === undefined) return 'new RollingSupervisor() needs the option "command".'
  if (notifyDirectory === undefined) return 'new RollingSupervisor() needs the option "notifyDirectory".'
  if (restart !== undefined && !restartModes.includes(restart)) {
    return `restart must be 'on-failure', 'always' or 'never', not ${show(restart)}.`
  }
  if (typeof stopSignal === 'string' && !Object.hasOwn(constants.signals, stopSignal)) {
    return `stopSignal must be a signal such as 'SIGTERM', not ${show(stopSignal)}.`
  }
  if (listen !== undefined && !Array.isArray(listen)) {
    return `listen must be an array of { name, fd }, not ${show(listen)}.`
  }
  return undefined
}
