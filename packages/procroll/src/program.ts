import { oneLine } from '@shellflip/internal'
import { Command, CommanderError } from 'commander'
import type { Report } from './command-line/report.ts'
import { addRoll } from './command-line/roll-command.ts'
import { addRun } from './command-line/run-command.ts'
import { addStatus } from './command-line/status-command.ts'
import { addStop } from './command-line/stop-command.ts'

/** Parses a command line, and runs the command it names. */
export async function runProgram(argv: readonly string[]): Promise<number> {
  let exitCode = 0
  try {
    await createProgram(argv, (code) => {
      exitCode = code
    }).parseAsync(argv, { from: 'user' })
    return exitCode
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error
    return error.exitCode === 0 ? 0 : 2
  }
}

/** Each command's code is loaded when it runs, and not before. */
function createProgram(argv: readonly string[], report: Report): Command {
  const program = new Command('procroll')
    .description('Rolls any program from one generation to the next by its sd_notify readiness.')
    .usage('<command> [flags]')
    .option('-V, --version', 'print the version')
    .enablePositionalOptions()
    .exitOverride()
    .configureOutput({ outputError: (text, write) => write(complaint(text)) })
  addRun(program, argv, report)
  addRoll(program, report)
  addStatus(program, report)
  addStop(program, report)
  return program
}

/** Puts what commander says of a wrong command line, its suggestion included, into one line. */
function complaint(text: string): string {
  return `procroll: ${oneLine(text.replace(/^error: /, ''))} (see --help)\n`
}
