import { oneLine } from '@shellflip/internal'
import type { Command, CommanderError } from 'commander'

/** The hints that only the program itself knows. Each is a sentence. */
export type Hints = {
  /**
   * For a word that other tools have for a command. It precedes the nearest spelling, because `start` is nearer to `status` than to `run`.
   */
  otherWord?: (word: string) => string | undefined
  /** For a word that resembles no command. */
  unknownWord?: (word: string) => string | undefined
  /** For an operand of a command that takes none. */
  operand?: (command: Command, word: string) => string | undefined
}

const versionWords = ['version', '-v', '-version', '--v']
const helpWords = ['-help', '-?', '--usage', '--h', '/?']

/** Explains a command line that commander refused, in one line, with a hint of what was meant. */
export function explain(
  error: CommanderError,
  program: Command,
  argv: readonly string[],
  hints: Hints = {},
): string {
  const [complaint = '', suggestion] = error.message.replace(/^error: /, '').split(/\n\((?=Did you mean)/)
  const own = error.code === 'commander.unknownCommand' ? hintForOtherWord(program, argv, hints) : undefined
  const hint = own ?? suggestion?.replace(/\)$/, '') ?? hintFor(error, program, argv, hints)
  const sentences = hint === undefined ? complaint : `${complaint.replace(/\.$/, '')}. ${hint}`
  return `${oneLine(sentences)} (see ${helpCommand(program, argv)})`
}

function hintFor(
  { code, message }: CommanderError,
  program: Command,
  argv: readonly string[],
  hints: Hints,
): string | undefined {
  switch (code) {
    case 'commander.unknownCommand':
      return hints.unknownWord?.(firstWord(argv))
    case 'commander.excessArguments':
      return hintForOperand(namedCommand(program, argv), hints)
    case 'commander.unknownOption':
      return hintForFlag(/'([^'=]*)/.exec(message)?.[1] ?? '', program, argv)
    default:
      return undefined
  }
}

function hintForOtherWord(program: Command, argv: readonly string[], hints: Hints): string | undefined {
  const word = firstWord(argv)
  if (versionWords.includes(word)) return `Did you mean ${program.name()} --version?`
  return hints.otherWord?.(word)
}

function firstWord(argv: readonly string[]): string {
  return argv.find((word) => !word.startsWith('-')) ?? ''
}

function hintForOperand(command: Command | undefined, { operand }: Hints): string | undefined {
  const [word] = command?.args ?? []
  return command === undefined || word === undefined ? undefined : operand?.(command, word)
}

function hintForFlag(flag: string, program: Command, argv: readonly string[]): string | undefined {
  const name = program.name()
  if (versionWords.includes(flag)) return `Did you mean ${name} --version?`
  if (helpWords.includes(flag)) return 'Did you mean --help?'
  const owners = program.commands.filter(({ options }) => options.some(({ long }) => long === flag))
  const [first] = owners.map((owner) => owner.name())
  if (first === undefined) return undefined
  if (namedCommand(program, argv) !== undefined) return `${flag} is a flag of ${name} ${first}`
  const command = argv.map((word) => namedCommand(program, [word])).find((named) => named !== undefined)
  return `Flags follow the command: ${name} ${command?.name() ?? first} ${flag}`
}

/** The command that the command line begins with. */
function namedCommand(program: Command, [word]: readonly string[]): Command | undefined {
  return program.commands.find((command) => command.name() === word)
}

function helpCommand(program: Command, argv: readonly string[]): string {
  const command = namedCommand(program, argv)
  return command === undefined ? `${program.name()} --help` : `${program.name()} ${command.name()} --help`
}
