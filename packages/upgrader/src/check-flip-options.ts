import { constants } from 'node:os'
import { longestTimerMs, type OptionTypes, optionFault, show } from '@shellflip/internal'
import { checkLaunch } from '@shellflip/launcher'
import type { AnyFlipOptions, NormalizedOptions } from './flip-options.ts'
import { checkStateOptions } from './saved-state.ts'
import { invalidArgument } from './shellflip-error.ts'

const types: OptionTypes<keyof AnyFlipOptions> = {
  handover: 'string',
  controlSocket: 'string',
  signals: 'any',
  stopSignals: 'any',
  readyTimeoutMs: 'any',
  drainDeadlineMs: 'any',
  maxDraining: 'any',
  exitOnError: 'boolean',
  version: 'string',
  pidFile: 'string',
  lockFile: 'string',
  launch: 'any',
  launcher: 'boolean',
  fromRust: 'function',
  onEvent: 'function',
  beforeUpgrade: 'function',
  upgradeFailed: 'function',
  upgraded: 'function',
  state: 'object',
  save: 'function',
}

/** Finds options that do not exist, and values of a wrong type. @throws {ShellflipError} ERR_INVALID_ARGUMENT */
export function checkGivenOptions(options: AnyFlipOptions): void {
  const fault = optionFault('shellflip()', options, types)
  if (fault !== undefined) throw invalidArgument(fault)
  for (const name of ['controlSocket', 'pidFile', 'lockFile'] as const) {
    if (options[name] === '') throw invalidArgument(`shellflip(): ${name} must be a path, not "".`)
  }
}

/** Finds values that cannot be used, and options that do not go together. @throws {ShellflipError} ERR_INVALID_ARGUMENT */
export function checkNormalizedOptions(options: NormalizedOptions): void {
  const { handover, readyTimeoutMs, drainDeadlineMs, maxDraining, signals, stopSignals } = options
  if (handover !== 'successor' && handover !== 'fd-store') {
    throw invalidArgument(`handover must be 'successor' or 'fd-store', not ${show(handover)}.`)
  }
  checkMilliseconds('readyTimeoutMs', readyTimeoutMs)
  checkMilliseconds('drainDeadlineMs', drainDeadlineMs)
  if (!Number.isInteger(maxDraining) || maxDraining < 1) {
    throw invalidArgument(`maxDraining must be a whole number from 1 on, not ${show(maxDraining)}.`)
  }
  checkSignals('signals', signals)
  checkSignals('stopSignals', stopSignals)
  const both = signals.find((signal) => stopSignals.includes(signal))
  if (both !== undefined) {
    throw invalidArgument(`${both} cannot both upgrade and stop. Remove it from signals or from stopSignals.`)
  }
  checkLaunch(options.launch)
  checkStateOptions(options)
}

function checkMilliseconds(name: string, value: unknown): void {
  if (typeof value === 'number' && value > 0 && value <= longestTimerMs) return
  throw invalidArgument(
    `${name} must be a number of milliseconds from 1 to ${longestTimerMs}, not ${show(value)}.`,
  )
}

function checkSignals(name: string, signals: unknown): void {
  if (!Array.isArray(signals)) {
    throw invalidArgument(`${name} must be a list of signal names such as ['SIGUSR2'], not ${show(signals)}.`)
  }
  for (const signal of signals) checkSignal(name, signal)
}

function checkSignal(name: string, signal: unknown): void {
  if (typeof signal !== 'string' || !Object.hasOwn(constants.signals, signal)) {
    throw invalidArgument(`${name} must have names of signals such as 'SIGUSR2', not ${show(signal)}.`)
  }
  if (signal === 'SIGKILL' || signal === 'SIGSTOP') {
    throw invalidArgument(`${name} cannot have ${signal}: no process can handle it.`)
  }
}
