import { describe, expect, test } from 'vitest'
import { type CommandLine, typedArguments } from './typed-arguments.ts'

const script: CommandLine = {
  argv: ['/usr/bin/node', '/srv/r1/app.js', 'a'],
  execArgv: ['--no-warnings'],
  raw: ['--no-warnings', 'app.js', 'a'].map((arg) => Buffer.from(arg)),
  cwd: { typed: '/srv/current', real: '/srv/r1' },
  isSea: false,
  isStdinEmpty: false,
}

describe('the arguments of a script', () => {
  test.each<[string, Partial<CommandLine>]>([
    ['that was typed by a relative path', {}],
    ['without /proc', { raw: undefined }],
    ['whose process.title is another', { raw: [Buffer.from('app')] }],
  ])('%s follow the working directory as it was typed', (_, line) => {
    expect(typedArguments({ ...script, ...line })).toEqual({
      options: ['--no-warnings'],
      rest: ['/srv/current/app.js', 'a'],
    })
  })

  test('are those of the kernel where they are not UTF-8', () => {
    const odd = Buffer.from([0xff])
    const line = {
      ...script,
      argv: ['node', '/app.js', '\u{fffd}'],
      execArgv: [],
      raw: [Buffer.from('/app.js'), odd],
    }
    expect(typedArguments(line)).toEqual({ options: [], rest: ['/app.js', odd] })
  })

  test('are as they are in a working directory that is gone', () => {
    const line = {
      ...script,
      argv: ['node', '/app.js'],
      execArgv: [],
      raw: undefined,
      cwd: { typed: undefined, real: undefined },
    }
    expect(typedArguments(line)).toEqual({ options: [], rest: ['/app.js'] })
  })
})

describe('a single executable application', () => {
  const argv = ['/usr/bin/node', './app', '--name', 'web']

  test('has no script: Node puts itself in its place', () => {
    const line = { ...script, argv, execArgv: [], isSea: true, raw: undefined }
    expect(typedArguments(line)).toEqual({ options: [], rest: ['--name', 'web'] })
  })

  test('does not repeat what its configuration says', () => {
    const raw = ['--name', 'web'].map((arg) => Buffer.from(arg))
    const line = { ...script, argv, execArgv: ['--max-old-space-size=100'], isSea: true, raw }
    expect(typedArguments(line)).toEqual({ options: [], rest: raw })
  })
})

describe('a program that is not a file', () => {
  const noFile = { ...script, raw: undefined, execArgv: [] }

  test.each([['-e'], ['--eval'], ['-p'], ['--print'], ['-pe']])('%s CODE is repeated', (option) => {
    const execArgv = [option, 'code']
    expect(typedArguments({ ...noFile, execArgv, argv: ['node'] })).toEqual({ options: execArgv, rest: [] })
    const argv = ['node', '-x', 'a']
    expect(typedArguments({ ...noFile, execArgv, argv })).toEqual({
      options: execArgv,
      rest: ['--', '-x', 'a'],
    })
  })

  test.each([[['node']], [['node', '-', 'a']]])('%j is not: it came from standard input', (argv) => {
    expect(typedArguments({ ...noFile, argv })).toBeUndefined()
    expect(typedArguments({ ...noFile, argv, isStdinEmpty: true })).toEqual({
      options: [],
      rest: argv.slice(1),
    })
  })
})
