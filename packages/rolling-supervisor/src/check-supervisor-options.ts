import { isAbsolute } from 'node:path'
import { isNamedFd } from '@shellflip/fd-passing'
import { isSignal } from '@shellflip/generation'
import { optionFault, show } from '@shellflip/internal'
import { NotifySockets } from './notify-sockets/notify-sockets.ts'
import type { SupervisorOptions } from './options.ts'
import type { RestartMode } from './restart-policy.ts'
import { SupervisorError } from './supervisor-error.ts'

const types = {
  command: 'function',
  notifyDirectory: 'any',
  readyTimeoutMs: 'milliseconds',
  drainTimeoutMs: 'milliseconds',
  stopSignal: 'any',
  restart: 'any',
  maxDraining: 'count',
  watchdogMs: 'milliseconds',
  listen: 'any',
  manager: 'object',
} as const satisfies Record<keyof SupervisorOptions, string>

const restartModes: readonly RestartMode[] = ['on-failure', 'always', 'never']

/** @throws {SupervisorError} ERR_INVALID_ARGUMENT */
export function checkSupervisorOptions(options: SupervisorOptions): void {
  const fault = optionFault('new RollingSupervisor()', options, types)
  if (fault !== undefined) throw new SupervisorError('ERR_INVALID_ARGUMENT', fault)
  const {
    command,
    notifyDirectory,
    stopSignal = 'SIGTERM',
    restart = 'on-failure',
    watchdogMs,
    listen = [],
    manager,
  } = options
  check(command !== undefined, 'new RollingSupervisor() needs the option "command".')
  check(notifyDirectory !== undefined, 'new RollingSupervisor() needs the option "notifyDirectory".')
  check(
    notifyDirectory instanceof NotifySockets ||
      (typeof notifyDirectory === 'string' && isAbsolute(notifyDirectory)),
    `notifyDirectory must be an absolute path, not ${show(notifyDirectory)}. Each generation reads it. NotifySockets make one.`,
  )
  check(isSignal(stopSignal), `stopSignal must be a signal such as 'SIGTERM', not ${show(stopSignal)}.`)
  check(
    restartModes.includes(restart),
    `restart must be 'on-failure', 'always' or 'never', not ${show(restart)}.`,
  )
  check(watchdogMs !== 0, 'watchdogMs must be greater than 0.')
  check(
    Array.isArray(listen) && Array.from(listen).every(isNamedFd),
    `listen must be an array of { name, fd } with open OwnedFds, not ${show(listen)}.`,
  )
  check(
    manager === undefined ||
      [manager.send, manager.reloading].every((method) => typeof method === 'function'),
    `manager must be a Notifier, not ${show(manager)}.`,
  )
}

function check(isRight: boolean, fault: string): void {
  if (!isRight) throw new SupervisorError('ERR_INVALID_ARGUMENT', fault)
}
