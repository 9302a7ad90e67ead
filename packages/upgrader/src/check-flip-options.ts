import { constants } from 'node:os'
import { resolve } from 'node:path'
import { longestTimerMs, nearestName, type OptionTypes, optionFault, show } from '@shellflip/internal'
import { checkSuccessor } from '@shellflip/launcher'
import type { AnyFlipOptions, NormalizedOptions } from './flip-options.ts'
import { checkStateOptions } from './saved-state.ts'
import { invalidArgument } from './shellflip-error.ts'

const types: OptionTypes<keyof AnyFlipOptions> = {
  handover: 'string',
  controlSocket: 'string',
  upgradeSignals: 'any',
  stopSignals: 'any',
  readyTimeoutMs: 'any',
  drainTimeoutMs: 'any',
  maxDraining: 'any',
  exitOnError: 'boolean',
  version: 'string',
  pidFile: 'string',
  lockFile: 'string',
  successor: 'any',
  prepareSuccessor: 'boolean',
  launcher: 'boolean',
  fromRust: 'function',
  toRust: 'function',
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
  for (const name of pathNames) {
    const path = options[name]
    if (path === '' || path?.includes('\0'))
      throw invalidArgument(`shellflip(): ${name} must be a path, not ${show(path)}.`)
  }
  checkPathsApart(options)
}

const pathNames = ['controlSocket', 'pidFile', 'lockFile'] as const

/** Checks that no two options name the same file. Each would destroy what the other needs. */
function checkPathsApart(options: AnyFlipOptions): void {
  const owners = new Map<string, string>()
  for (const name of pathNames) {
    const given = options[name]
    if (given === undefined) continue
    const path = resolve(given)
    const other = owners.get(path)
    if (other !== undefined)
      throw invalidArgument(`${other} and ${name} are both ${path}. Give each a path of its own.`)
    owners.set(path, name)
  }
}

const handovers: readonly string[] = ['successor', 'fd-store', 'rust-successor']

/** Finds values that cannot be used, and options that do not go together. @throws {ShellflipError} ERR_INVALID_ARGUMENT */
export function checkNormalizedOptions(options: NormalizedOptions): void {
  const { handover, readyTimeoutMs, drainTimeoutMs, maxDraining, upgradeSignals, stopSignals } = options
  if (!handovers.includes(handover)) {
    throw invalidArgument(
      `handover must be 'successor', 'fd-store' or 'rust-successor', not ${show(handover)}.`,
    )
  }
  if (handover === 'rust-successor' && options.launcher === true) {
    throw invalidArgument(
      "launcher cannot be true with handover: 'rust-successor', because a launcher starts services of this library only. Remove one of the two.",
    )
  }
  if (options.prepareSuccessor && handover !== 'successor') {
    throw invalidArgument(
      `prepareSuccessor needs handover: 'successor', not '${handover}'. Only a Node process that this one starts can be prepared.`,
    )
  }
  checkMilliseconds('readyTimeoutMs', readyTimeoutMs)
  checkMilliseconds('drainTimeoutMs', drainTimeoutMs)
  if (!Number.isInteger(maxDraining) || maxDraining < 1) {
    throw invalidArgument(`maxDraining must be a whole number from 1 on, not ${show(maxDraining)}.`)
  }
  checkSignals('upgradeSignals', upgradeSignals)
  checkSignals('stopSignals', stopSignals)
  const both = upgradeSignals.find((signal) => stopSignals.includes(signal))
  if (both !== undefined) {
    throw invalidArgument(
      `${both} cannot both upgrade and stop. Remove it from upgradeSignals or from stopSignals.`,
    )
  }
  checkSuccessor(options.successor)
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
    const meant = nearestSignal(signal)
    const hint = meant === undefined ? '' : ` Did you mean '${meant}'?`
    throw invalidArgument(`${name} must have names of signals such as 'SIGUSR2', not ${show(signal)}.${hint}`)
  }
  if (faults.includes(signal)) {
    throw invalidArgument(
      `${name} cannot have ${signal}, because handlers cannot run after a fault. Remove it.`,
    )
  }
  if (signal === 'SIGKILL' || signal === 'SIGSTOP') {
    throw invalidArgument(`${name} cannot have ${signal}: no process can handle it. Remove it.`)
  }
}

/** A process cannot continue after a handler of one of these signals has run (Node's documentation of signal events). */
const faults = ['SIGBUS', 'SIGFPE', 'SIGILL', 'SIGSEGV']

/** Finds the signal that the user meant by `sigusr2`, `USR2`, `SIGUSR` or 12. */
function nearestSignal(given: unknown): string | undefined {
  if (typeof given === 'number')
    return Object.entries(constants.signals).find(([, number]) => number === given)?.[0]
  const names = Object.keys(constants.signals)
  if (typeof given !== 'string') return undefined
  const name = given.toUpperCase()
  return names.find((known) => known === `SIG${name}`) ?? nearestName(name, names)
}
