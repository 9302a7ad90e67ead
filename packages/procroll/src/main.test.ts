import { afterEach, expect, it, vi } from 'vitest'
import { printError } from './log/print-error.ts'
import { main } from './main.ts'
import { ProcrollError } from './procroll-error.ts'
import { runProgram } from './program.ts'

vi.mock('./program.ts', () => ({ runProgram: vi.fn() }))
vi.mock('./log/print-error.ts', () => ({ printError: vi.fn() }))
vi.mock('./terminal/closed-stdout.ts', () => ({ surviveClosedStdout: () => {} }))

afterEach(() => {
  vi.clearAllMocks()
})

it.each<[string, unknown, number]>([
  ['a fault of procroll', new TypeError('x is not a function'), 70],
  ['something that is no error', 'x', 70],
  ['what the system refuses', Object.assign(new Error('x'), { code: 'EIO' }), 1],
  ['an error for the user', new ProcrollError('ERR_NO_SUPERVISOR', 'x'), 3],
])('the exit status reports %s', async (_what, error, status) => {
  vi.mocked(runProgram).mockRejectedValueOnce(error)
  expect(await main(['roll'])).toBe(status)
  expect(printError).toHaveBeenCalledOnce()
})
