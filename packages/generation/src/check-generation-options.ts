import { optionFault, show } from '@shellflip/internal'
import { GenerationError } from './generation-error.ts'
import { isSignal } from './is-signal.ts'
import { launchFault } from './launch-fault.ts'

const types = {
  id: 'count',
  launch: 'any',
  notifySocket: 'string',
  readyTimeoutMs: 'milliseconds',
  drainTimeoutMs: 'milliseconds',
  stopSignal: 'any',
  watchdogMs: 'milliseconds',
  onEvent: 'function',
} as const

const required = [
  'id',
  'launch',
  'notifySocket',
  'readyTimeoutMs',
  'drainTimeoutMs',
  'stopSignal',
  'onEvent',
] as const

/** @throws {GenerationError} ERR_INVALID_ARGUMENT */
export function checkGenerationOptions(
  options: { [Name in keyof typeof types]?: unknown },
  system: unknown,
): void {
  checkFault(optionFault('new Generation()', options, types))
  const { launch, notifySocket, stopSignal, watchdogMs } = options
  for (const name of required)
    check(options[name] !== undefined, `new Generation() needs the option "${name}".`)
  if (typeof launch !== 'function') checkFault(launchFault(launch))
  check(
    /^[/@]./s.test(String(notifySocket)),
    `notifySocket must be an absolute path or an abstract @name, not ${show(notifySocket)}.`,
  )
  check(
    isSignal(stopSignal),
    `stopSignal must be a signal of this system such as 'SIGTERM', not ${show(stopSignal)}.`,
  )
  check(watchdogMs !== 0, 'watchdogMs must be greater than 0.')
  const { spawn } = Object(system) as { spawn?: unknown }
  check(typeof spawn === 'function', `system must be a System such as nodeSystem, not ${show(system)}.`)
}

function check(isRight: boolean, fault: string): void {
  checkFault(isRight ? undefined : fault)
}

function checkFault(fault: string | undefined): void {
  if (fault !== undefined) throw new GenerationError('ERR_INVALID_ARGUMENT', fault)
}
