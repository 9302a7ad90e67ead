import { expect, it } from 'vitest'
import { typedArguments } from './typed-arguments.ts'

const latin = Buffer.from('caf\xe9', 'latin1')

it('gives arguments that are not UTF-8 their bytes, and leaves the others text', () => {
  const cmdline = ['node', '--', 'cli.js', 'run', latin, 'é'].map((word) => Buffer.from(word as string))
  expect(typedArguments(['run', 'caf\ufffd', 'é'], cmdline)).toEqual(['run', latin, 'é'])
})

it.each([[undefined], [[]], [[Buffer.from('procroll: title')]]])(
  'trusts no command line that differs: %j',
  (cmdline) => {
    expect(typedArguments(['run', 'caf\ufffd'], cmdline)).toEqual(['run', 'caf\ufffd'])
  },
)

it('of no arguments are none', () => {
  expect(typedArguments([], [latin])).toEqual([])
})
