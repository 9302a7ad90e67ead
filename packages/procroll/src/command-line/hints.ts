import { oneLine } from '@shellflip/internal'
import type { Command, CommanderError } from 'commander'

/** The words that other tools have for a command of procroll. */
const OTHER_WORDS: Record<string, readonly string[]> = {
  run: ['start', 'serve', 'exec', 'launch', 'supervise', 'up'],
  roll: ['restart', 'reload', 'upgrade', 'update', 'deploy', 'graceful', 'rollout', 'replace'],
  status: ['list', 'ls', 'ps', 'show', 'info', 'top', 'jlist', 'describe', 'watch', 'monit'],
  stop: ['kill', 'quit', 'down', 'shutdown', 'end', 'delete', 'del', 'rm', 'terminate', 'halt'],
}

const LOG_WORDS = ['log', 'logs', 'tail', 'journal']
const VERSION_WORDS = ['version', '-v', '-version', '--v']
const HELP_WORDS = ['-help', '-?', '--usage', '--h', '/?']

/** Explains a command line that commander refused, in one line, with a hint of what was meant. */
export function explain(error: CommanderError, program: Command, argv: readonly string[]): string {
  const [complaint = '', suggestion] = error.message.replace(/^error: /, '').split(/\n\((?=Did you mean)/)
  const own = error.code === 'commander.unknownCommand' ? hintForOtherWord(argv) : undefined
  const hint = own ?? suggestion?.replace(/\)$/, '') ?? hintFor(error, program, argv)
  const sentences = hint === undefined ? complaint : `${complaint.replace(/\.$/, '')}. ${hint}`
  return `${oneLine(sentences)} (see ${helpCommand(program, argv)})`
}

function hintFor(
  { code, message }: CommanderError,
  program: Command,
  argv: readonly string[],
): string | undefined {
  switch (code) {
    case 'commander.unknownCommand':
      return hintForName(firstWord(argv))
    case 'commander.excessArguments':
      return hintForOperand(namedCommand(program, argv))
    case 'commander.unknownOption':
      return hintForFlag(/'([^'=]*)/.exec(message)?.[1] ?? '', program, argv)
    default:
      return undefined
  }
}

/** Knows better than the nearest spelling: `start` is nearer to `status` than to `run`. */
function hintForOtherWord(argv: readonly string[]): string | undefined {
  const word = firstWord(argv)
  if (LOG_WORDS.includes(word)) {
    return 'procroll logs to its stderr. Under systemd, read it by: journalctl -u UNIT'
  }
  if (VERSION_WORDS.includes(word)) return 'Did you mean procroll --version?'
  for (const [command, words] of Object.entries(OTHER_WORDS)) {
    if (words.includes(word)) return `Did you mean procroll ${command}?`
  }
  return undefined
}

function firstWord(argv: readonly string[]): string {
  return argv.find((word) => !word.startsWith('-')) ?? ''
}

function hintForName(word: string): string {
  if (/[./]/.test(word)) return `To run a program: procroll run -- ${word}`
  return `If it is a supervisor: procroll status --name ${word}. If it is a program: procroll run -- ${word}`
}

function hintForOperand(command: Command | undefined): string | undefined {
  const [word] = command?.args ?? []
  if (command === undefined || word === undefined) return undefined
  const flag = word.includes('/') ? '--control-socket' : '--name'
  if (!command.options.some(({ long }) => long === flag)) return undefined
  return `Did you mean procroll ${command.name()} ${flag} ${word}?`
}

function hintForFlag(flag: string, program: Command, argv: readonly string[]): string | undefined {
  if (VERSION_WORDS.includes(flag)) return 'Did you mean procroll --version?'
  if (HELP_WORDS.includes(flag)) return 'Did you mean --help?'
  const owners = program.commands.filter(({ options }) => options.some(({ long }) => long === flag))
  const [first] = owners.map((owner) => owner.name())
  if (first === undefined) return undefined
  if (namedCommand(program, argv) !== undefined) return `${flag} is a flag of procroll ${first}`
  const command = argv.map((word) => namedCommand(program, [word])).find((named) => named !== undefined)
  return `Flags follow the command: procroll ${command?.name() ?? first} ${flag}`
}

/** The command that the command line begins with. */
function namedCommand(program: Command, [word]: readonly string[]): Command | undefined {
  return program.commands.find((command) => command.name() === word)
}

function helpCommand(program: Command, argv: readonly string[]): string {
  const command = namedCommand(program, argv)
  return command === undefined ? 'procroll --help' : `procroll ${command.name()} --help`
}
