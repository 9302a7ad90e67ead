import { constants } from 'node:os'
import { expect, test } from 'vitest'
import { describeFailure, exitStatus, type GenerationFailure, systemCodeOf } from './failure.ts'

const exited = { type: 'exited', beforeReady: true, code: 3, signal: null } as const
const killed = { type: 'exited', beforeReady: false, code: null, signal: 'SIGKILL' } as const

test.each<[GenerationFailure, string, number]>([
  [exited, 'exited with 3 before ready', 3],
  [{ ...exited, code: 0 }, 'exited with 0 before ready', 1],
  [{ ...exited, errno: 2 }, 'exited with 3 (ENOENT: no such file or directory) before ready', 3],
  [killed, 'killed by SIGKILL', 137],
  [{ ...killed, outOfMemory: true }, 'killed by SIGKILL (out of memory)', 137],
  [{ ...killed, signal: null }, 'ended with an unknown status', 1],
  [{ type: 'not-ready', timeoutMs: 10_000 }, 'not ready within 10s', 1],
  [{ type: 'not-ready', timeoutMs: 1500 }, 'not ready within 1500ms', 1],
  [
    { type: 'cannot-start', code: 'ENOENT', message: 'serve is not in PATH' },
    'cannot start: ENOENT: serve is not in PATH',
    1,
  ],
  [{ type: 'hung', timeoutMs: 2000 }, 'hung: sent no WATCHDOG=1 within 2s', 1],
  [{ type: 'stopped' }, 'stopped before ready', 1],
])('%j is described as "%s", and exits with %d', (failure, words, status) => {
  expect(describeFailure(failure)).toBe(words)
  expect(exitStatus(failure, constants.signals)).toBe(status)
})

test('the system code of an error is that of its cause', () => {
  const emfile = Object.assign(new Error('socket failed'), { code: 'ERR_SYSTEM', errno: 'EMFILE' })
  expect(
    systemCodeOf(Object.assign(new Error('no notify socket', { cause: emfile }), { code: 'ERR_X' })),
  ).toBe('EMFILE')
  expect(systemCodeOf(Object.assign(new Error('spawn'), { code: 'ENOENT', errno: -2 }))).toBe('ENOENT')
  expect(systemCodeOf(new Error('?'))).toBe('ERR_UNKNOWN')
})
