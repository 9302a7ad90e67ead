import { Command } from 'commander'
import { describe, expect, it, vi } from 'vitest'
import { UsageError } from '../errors/usage-error.ts'
import { duration, flag, parseCount, repeatable } from './flags.ts'
import { createProgram, type Hints, parseCommandLine } from './program.ts'

const hints: Hints = {
  otherWord: (word) => (word === 'up' ? 'Did you mean app serve?' : undefined),
  unknownWord: (word) => `To start a program: app serve ${word}`,
  operand: (command, word) => `Did you mean app ${command.name()} --name ${word}?`,
}

/** A program with two commands, and the options that the last one was run with. */
function app() {
  const ran: object[] = []
  const program = createProgram('app').description('Does things.')
  program
    .command('serve')
    .argument('[word]')
    .addOption(duration('--wait <duration>', 'how long', { defaultMs: 1_000 }))
    .addOption(duration('--rest <duration>', 'how long', { mayBeZero: true }))
    .addOption(repeatable('--count <number>', 'how often', parseCount))
    .action((_word: string, options: object) => void ran.push(options))
  program
    .command('look')
    .option('--follow', 'look again')
    .action(() => {})
  return { ran, run: (...argv: string[]) => parseCommandLine(program, argv, hints) }
}

describe('a command line', () => {
  it('runs the command that it names', async () => {
    const { ran, run } = app()
    expect(await run('serve', '--wait', '1.5s', '--rest', '0', '--count', '1', '--count=2')).toBe(true)
    expect(ran).toEqual([{ wait: 1_500, rest: 0, count: [1, 2] }])
  })

  it.each([
    [['up'], "unknown command 'up'. Did you mean app serve? (see app --help)"],
    [['server'], "unknown command 'server'. Did you mean serve? (see app --help)"],
    [['x.js'], "unknown command 'x.js'. To start a program: app serve x.js (see app --help)"],
    [['version'], 'Did you mean app --version?'],
    [['--usage'], 'Did you mean --help?'],
    [['--follow', 'look'], 'Flags follow the command: app look --follow'],
    [['serve', '--follow'], '--follow is a flag of app look (see app serve --help)'],
    [['look', 'web'], 'Did you mean app look --name web?'],
    [['serve', '--wait', '0'], '--wait: "0" must be greater than 0. Example: 10s'],
    [['serve', '--wait', '5'], '--wait: "5" is not a duration'],
    [['serve', '--count', '0'], '--count: "0" is not a number from 1 to 9999'],
    [['serve', 'x', 'y\n\x1b[31m'], 'too many arguments'],
  ])('%j is refused in one line', async (argv, message) => {
    const refused = await app()
      .run(...argv)
      .catch((error) => error)
    expect(refused).toBeInstanceOf(UsageError)
    expect(refused.message).toContain(message)
    expect(refused.message).not.toMatch(/\p{Cc}/u)
  })

  it('that names no command gets the help on stderr', async () => {
    using write = vi.spyOn(process.stderr, 'write').mockReturnValue(true)
    expect(await app().run()).toBe(false)
    expect(write.mock.calls.join('')).toContain('Usage: app <command> [flags]')
  })
})

it('a fault of the program is not a wrong value', async () => {
  const broken = flag('--x <text>', 'x', () => {
    throw new TypeError('x')
  })
  const program = createProgram('app').addCommand(new Command('run').addOption(broken).exitOverride())
  await expect(parseCommandLine(program, ['run', '--x', '1'])).rejects.toBeInstanceOf(TypeError)
})
