import { dup } from '@shellflip/fd-passing'
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
  [{ drainTimeoutMs: NaN }, /drainTimeoutMs must be a number of milliseconds/],
  [{ maxDraining: 1.5 }, /maxDraining must be a whole number/],
  [{ watchdogMs: 0 }, /watchdogMs must be greater than 0/],
  [{ listen: [3] }, /listen must be an array of \{ name, fd \}/],
  [{ listen: { name: 'http', fd: 3 } }, /listen must be an array/],
  [{ manager: 'systemd' }, /manager must be an object/],
  [{ command: 'node' }, /command must be a function/],
  [{ command: undefined }, /needs the option "command"/],
  [{ notifyDirectory: undefined }, /needs the option "notifyDirectory"/],
  [{ notifyDirectory: '' }, /notifyDirectory must be an absolute path, not ""/],
  [{ notifyDirectory: 'run' }, /notifyDirectory must be an absolute path, not "run"/],
  [{ listen: new Array(1) }, /listen must be an array of \{ name, fd \}/],
  [{ listen: [{ name: 'http', fd: closed() }] }, /with open OwnedFds/],
  [{ manager: {} }, /manager must be a Notifier, not an object/],
])('%o is an error', (wrong, message) => {
  expect(() => new RollingSupervisor({ ...right, ...wrong } as never)).toThrow(error(message))
})

test('a listener is a function', () => {
  expect(() => new RollingSupervisor(right).onEvent({} as never)).toThrow(
    error(/onEvent\(\) takes a function/),
  )
})

test('a command that returns something else is a generation that cannot start, with the reason', async () => {
  const reasons: [unknown, RegExp][] = [
    [undefined, /launch: file must be the command, as text or bytes, not undefined\./],
    [{ file: 'true', args: 'x', env: {} }, /launch: args must be an array, not "x"\./],
    [{ file: 'true', args: [], env: { PORT: 80 } }, /launch: env\.PORT must be text or bytes, not 80\./],
    [{ file: 'true', args: [], env: {}, cwdd: '/' }, /launch has no option "cwdd"\. Did you mean "cwd"\?/],
    [Promise.resolve(right.command()), /launch: file must be the command/],
  ]
  for (const [command, reason] of reasons) {
    const supervisor = new RollingSupervisor({ ...right, command: () => command as never })
    supervisor.start()
    expect(await supervisor.done).toMatchObject({ type: 'ended', reason: expect.stringMatching(reason) })
  }
})

function closed() {
  const fd = dup(0)
  fd.close()
  return fd
}
