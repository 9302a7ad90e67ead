import { OwnedFd } from '@shellflip/fd-passing'
import { isSignal } from '@shellflip/generation'
import { checkOptionTypes, show } from '@shellflip/internal/check-options'
import type { SupervisorOptions } from './options.ts'
import type { RestartMode } from './restart-policy.ts'
import { RollingSupervisorError } from './rolling-supervisor-error.ts'

const types = {
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
} as const satisfies Record<keyof SupervisorOptions, string>

const restartModes: readonly RestartMode[] = ['on-failure', 'always', 'never']

/** @throws {RollingSupervisorError} ERR_INVALID_ARGUMENT */
export function checkSupervisorOptions(options: SupervisorOptions): void {
  const fault = checkOptionTypes('RollingSupervisor', options, types)
  if (fault !== undefined) throw new RollingSupervisorError(fault)
  const {
    command,
    notifyDirectory,
    stopSignal = 'SIGTERM',
    restart = 'on-failure',
    watchdogMs,
    listen = [],
  } = options
  check(command !== undefined, 'needs command.')
  check(notifyDirectory !== undefined && notifyDirectory !== '', 'needs notifyDirectory.')
  check(
    isSignal(stopSignal),
    `: stopSignal must be a signal of this system, as 'SIGTERM', not ${show(stopSignal)}.`,
  )
  check(restartModes.includes(restart), `: restart must be ${restartModes.join(', ')}, not ${show(restart)}.`)
  check(watchdogMs !== 0, ': watchdogMs must be greater than 0.')
  check(
    Array.isArray(listen) && listen.every(isListenSocket),
    `: listen must be an array of { name, fd: OwnedFd }, not ${show(listen)}.`,
  )
}

function check(isRight: boolean, fault: string): void {
  if (!isRight)
    throw new RollingSupervisorError(`RollingSupervisor${fault.startsWith(':') ? '' : ' '}${fault}`)
}

function isListenSocket(socket: unknown): boolean {
  const { name, fd } = (socket ?? {}) as { name?: unknown; fd?: unknown }
  return typeof name === 'string' && fd instanceof OwnedFd
}
