import { Generation } from '@shellflip/generation'
import { expect, test } from 'vitest'
import { RollingSupervisor, SupervisorError } from './index.ts'

const good = { command: () => ({ file: 'x', args: [], env: {} }), notifyDirectory: '/tmp' }

test.each<[object, RegExp]>([
  [{ ...good, readyTimeout: 1 }, /new RollingSupervisor\(\) has no option "readyTimeout".*"readyTimeoutMs"/],
  [
    { ...good, readyTimeoutMs: '10s' },
    /readyTimeoutMs must be a number of milliseconds from 0 on, not "10s"/,
  ],
  [
    { ...good, restart: 'on-failures' },
    /restart must be 'on-failure', 'always' or 'never', not "on-failures"/,
  ],
  [{ ...good, stopSignal: 'TERM' }, /stopSignal must be a signal such as 'SIGTERM', not "TERM"/],
  [{ ...good, listen: 8080 }, /listen must be an array of \{ name, fd \}, not 8080/],
  [{ notifyDirectory: '/tmp' }, /needs the option "command"/],
  [{ command: good.command }, /needs the option "notifyDirectory"/],
])('a supervisor names the mistake in %j', (options, message) => {
  const make = () => new RollingSupervisor(options as never)
  expect(make).toThrow(SupervisorError)
  expect(make).toThrow(message)
})

test('a generation names an option that it does not have', () => {
  const make = () => new Generation({ id: 1, onEvents() {} } as never, {} as never)
  expect(make).toThrow(/new Generation\(\) has no option "onEvents"\. Did you mean "onEvent"\?/)
})
