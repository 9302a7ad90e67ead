import { checkOptionTypes, show } from '@shellflip/internal/check-options'
import { GenerationError } from './generation-error.ts'
import { isSignal } from './is-signal.ts'

const types = {
  id: 'count',
  launch: 'any',
  notifySocket: 'string',
  readyTimeoutMs: 'milliseconds',
  shutdownTimeoutMs: 'milliseconds',
  stopSignal: 'any',
  watchdogMs: 'milliseconds',
  onEvent: 'function',
} as const

const required = [
  'id',
  'launch',
  'notifySocket',
  'readyTimeoutMs',
  'shutdownTimeoutMs',
  'stopSignal',
  'onEvent',
] as const

/** @throws {GenerationError} ERR_INVALID_ARGUMENT */
export function checkGenerationOptions(options: { [Name in keyof typeof types]?: unknown }): void {
  const fault = checkOptionTypes('new Generation()', options, types)
  if (fault !== undefined) throw new GenerationError('ERR_INVALID_ARGUMENT', fault)
  for (const name of required)
    if (options[name] === undefined)
      throw new GenerationError('ERR_INVALID_ARGUMENT', `new Generation() needs the option "${name}".`)
  if (typeof options.launch !== 'function' && typeof options.launch !== 'object')
    throw new GenerationError(
      'ERR_INVALID_ARGUMENT',
      `launch must be an object or a function, not ${show(options.launch)}.`,
    )
  if (!isSignal(options.stopSignal))
    throw new GenerationError(
      'ERR_INVALID_ARGUMENT',
      `stopSignal must be a signal of this system, as 'SIGTERM', not ${show(options.stopSignal)}.`,
    )
  if (options.watchdogMs === 0)
    throw new GenerationError('ERR_INVALID_ARGUMENT', 'watchdogMs must be greater than 0.')
}
