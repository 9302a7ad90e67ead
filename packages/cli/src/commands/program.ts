import { Command, CommanderError } from 'commander'
import { usageError } from '../errors/usage-error.ts'
import { surviveClosedStdout } from '../process/closed-stdout.ts'
import { helpWidth } from './documentation.ts'
import { explain, type Hints } from './explain.ts'

export type { Hints }

/** Makes a program whose wrong command lines are errors in one line, from {@link parseCommandLine}. */
export function createProgram(name: string): Command {
  return new Command(name)
    .usage('<command> [flags]')
    .option('-V, --version', 'print the version')
    .enablePositionalOptions()
    .helpOption('-h, --help', 'show this help')
    .helpCommand('help [command]', 'show the help of a command')
    .exitOverride()
    .configureOutput({
      writeOut: (text) => {
        surviveClosedStdout()
        process.stdout.write(text)
      },
      // The program prints it, as every other error.
      outputError: () => {},
      getOutHelpWidth: helpWidth,
      getErrHelpWidth: helpWidth,
    })
}

/**
 * Parses a command line, and runs the command it names.
 *
 * @returns false where it names none, and commander has printed the help on stderr
 * @throws {UsageError} if the command line is wrong
 */
export async function parseCommandLine(
  program: Command,
  argv: readonly string[],
  hints?: Hints,
): Promise<boolean> {
  try {
    await program.parseAsync(argv, { from: 'user' })
    return true
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error
    if (error.exitCode === 0) return true
    if (error.code === 'commander.help') return false
    throw usageError(explain(error, program, argv, hints), { cause: error })
  }
}
