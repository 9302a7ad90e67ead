import { optionFault, show } from '@shellflip/internal'
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
  const fault = optionFault('new Generation()', options, types)
  if (fault !== undefined) throw new GenerationError('ERR_INVALID_ARGUMENT', fault)
  const { launch, stopSignal, watchdogMs } = options
  for (const name of required)
    check(options[name] !== undefined, `new Generation() needs the option "${name}".`)
  check(
    typeof launch === 'function' || typeof launch === 'object',
    `launch must be an object or a function, not ${show(launch)}.`,
  )
  check(
    isSignal(stopSignal),
    `stopSignal must be a signal of this system, as 'SIGTERM', not ${show(stopSignal)}.`,
  )
  check(watchdogMs !== 0, 'watchdogMs must be greater than 0.')
}

function check(isRight: boolean, fault: string): void {
  if (!isRight) throw new GenerationError('ERR_INVALID_ARGUMENT', fault)
}
