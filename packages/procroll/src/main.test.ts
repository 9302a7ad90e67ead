import { usageError } from '@shellflip/cli/errors'
import { SupervisorControlError } from '@shellflip/supervisor-control'
import { afterEach, expect, it, vi } from 'vitest'
import { printError } from './log/print-error.ts'
import { main } from './main.ts'
import { ProcrollError } from './procroll-error.ts'
import { runProgram } from './program.ts'

vi.mock('./program.ts', () => ({ runProgram: vi.fn() }))
vi.mock('./log/print-error.ts', () => ({ printError: vi.fn() }))
vi.mock('@shellflip/cli/process', () => ({ surviveClosedStdout: () => {} }))

afterEach(() => {
  vi.clearAllMocks()
})

it.each<[string, unknown, number]>([
  ['a fault of procroll', new TypeError('x is not a function'), 70],
  ['something that is no error', 'x', 70],
  ['what the system refuses', Object.assign(new Error('x'), { code: 'EIO' }), 1],
  ['an error for the user', new SupervisorControlError('ERR_NO_SUPERVISOR', 'x'), 3],
  ['a wrong command line', usageError('x'), 2],
  ['a wrong name', new SupervisorControlError('ERR_INVALID_NAME', 'x'), 2],
  ['a choice to make', new SupervisorControlError('ERR_SEVERAL_SUPERVISORS', 'x'), 2],
  ['a path that is too long', new SupervisorControlError('ERR_SUPERVISOR_PATH_TOO_LONG', 'x'), 2],
  ['a name in use', new SupervisorControlError('ERR_NAME_IN_USE', 'x'), 1],
  ['a limit of the caller', new ProcrollError('ERR_ROLL_TIMED_OUT', 'x'), 4],
])('the exit status reports %s', async (_what, error, status) => {
  vi.mocked(runProgram).mockRejectedValueOnce(error)
  expect(await main(['roll'])).toBe(status)
  expect(printError).toHaveBeenCalledOnce()
})
