import { expect, test } from 'vitest'
import { Generation } from './generation.ts'
import { isSignal } from './is-signal.ts'
import { nodeSystem } from './node-system.ts'

const right = {
  id: 1,
  launch: () => ({ file: '/bin/true', args: [], env: {}, listen: [] }),
  notifySocket: '/nowhere/1.sock',
  readyTimeoutMs: 1_000,
  drainTimeoutMs: 1_000,
  stopSignal: 'SIGTERM' as const,
  onEvent: () => {},
}

test.each([
  { stopSignal: 'TERM' },
  { stopSignal: 'SIGTERMM' },
  { stopSignal: 'toString' },
  { stopSignal: 0 },
  { stopSignal: -15 },
  { stopSignal: 65 },
  { stopSignal: NaN },
  { stopSignal: undefined },
  { readyTimeoutMs: NaN },
  { readyTimeoutMs: '10' },
  { drainTimeoutMs: -1 },
  { watchdogMs: 0 },
  { launch: 'node' },
  { launch: undefined },
  { launch: null },
  { launch: Promise.resolve(right.launch()) },
  { launch: { ...right.launch(), file: '' } },
  { launch: { ...right.launch(), args: new Array(1) } },
  { launch: { ...right.launch(), env: null } },
  { launch: { ...right.launch(), env: { PORT: 80 } } },
  { launch: { ...right.launch(), cwd: null } },
  { launch: { ...right.launch(), rawEnv: ['A=1'] } },
  { launch: { ...right.launch(), openFiles: -1 } },
  { launch: { ...right.launch(), listen: [{ name: 'http', fd: 3 }] } },
  { notifySocket: 3 },
  { notifySocket: '' },
  { notifySocket: 'run/1.sock' },
  { onEvent: undefined },
  { readyTimeout: 3 },
])('%o is an error', (wrong) => {
  expect(() => new Generation({ ...right, ...wrong } as never, nodeSystem)).toThrow(
    expect.objectContaining({ name: 'GenerationError', code: 'ERR_INVALID_ARGUMENT' }),
  )
})

test('a system that is not one is an error', () => {
  expect(() => new Generation(right, null as never)).toThrow(
    expect.objectContaining({
      code: 'ERR_INVALID_ARGUMENT',
      message: expect.stringMatching(/must be a System/),
    }),
  )
})

test('a signal that does not exist says nothing about a process', () => {
  expect(() => nodeSystem.signal(process.pid, 'SIGTERMM' as never)).toThrow(/Unknown signal/)
  expect(nodeSystem.signal(process.pid, 0)).toBe('sent')
  expect(nodeSystem.signal(2 ** 30, 0)).toBe('gone')
})

test('names and numbers of signals are signals', () => {
  for (const signal of ['SIGTERM', 'SIGQUIT', 'SIGUSR2', 1, 15]) expect(isSignal(signal)).toBe(true)
  expect(isSignal(40)).toBe(process.platform === 'linux')
})
