import { expect, test } from 'vitest'
import { RollingSupervisor } from './rolling-supervisor.ts'

const right = { command: () => ({ file: '/bin/true', args: [], env: {} }), notifyDirectory: '/nowhere' }
const error = (message: RegExp) =>
  expect.objectContaining({
    name: 'SupervisorError',
    code: 'ERR_INVALID_ARGUMENT',
    message: expect.stringMatching(message),
  })

test.each<[object, RegExp]>([
  [{ stopSignal: 'SIGTERMM' }, /stopSignal must be a signal such as 'SIGTERM', not "SIGTERMM"/],
  [{ stopSignal: 0 }, /stopSignal must be a signal/],
  [{ restart: 'on-failures' }, /restart must be 'on-failure', 'always' or 'never', not "on-failures"/],
  [{ readyTimeout: 1 }, /has no option "readyTimeout"\. Did you mean "readyTimeoutMs"\?/],
  [{ readyTimeoutMs: '10' }, /readyTimeoutMs must be a number of milliseconds/],
  [{ shutdownTimeoutMs: NaN }, /shutdownTimeoutMs must be a number of milliseconds/],
  [{ maxDraining: 1.5 }, /maxDraining must be a whole number/],
  [{ watchdogMs: 0 }, /watchdogMs must be greater than 0/],
  [{ listen: [3] }, /listen must be an array of \{ name, fd \}/],
  [{ listen: { name: 'http', fd: 3 } }, /listen must be an array/],
  [{ manager: 'systemd' }, /manager must be an object/],
  [{ command: 'node' }, /command must be a function/],
  [{ command: undefined }, /needs the option "command"/],
  [{ notifyDirectory: '' }, /needs the option "notifyDirectory"/],
])('%o is an error', (wrong, message) => {
  expect(() => new RollingSupervisor({ ...right, ...wrong } as never)).toThrow(error(message))
})

test('a listener is a function', () => {
  expect(() => new RollingSupervisor(right).onEvent({} as never)).toThrow(
    error(/onEvent\(\) takes a function/),
  )
})
