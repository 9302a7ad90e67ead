import { Command, CommanderError } from 'commander'
import { addCompletion } from './command-line/completion-command.ts'
import { document, helpWidth } from './command-line/documentation.ts'
import { explain } from './command-line/hints.ts'
import type { Report } from './command-line/report.ts'
import { addRoll } from './command-line/roll-command.ts'
import { addRun } from './command-line/run-command.ts'
import { allExitStatuses, exampleSection, runtimeFolderEntry } from './command-line/shared-sections.ts'
import { addStatus } from './command-line/status-command.ts'
import { addStop } from './command-line/stop-command.ts'
import { EXIT_DONE, EXIT_USAGE } from './exit-status.ts'
import { usageError } from './procroll-error.ts'
import { surviveClosedStdout } from './terminal/closed-stdout.ts'

/** Parses a command line, and runs the command it names. */
export async function runProgram(argv: readonly string[]): Promise<number> {
  let exitCode: number = EXIT_DONE
  const program = createProgram(argv, (code) => {
    exitCode = code
  })
  try {
    await program.parseAsync(argv, { from: 'user' })
    return exitCode
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error
    if (error.exitCode === 0) return EXIT_DONE
    if (error.code === 'commander.help') return EXIT_USAGE
    throw usageError(explain(error, program, argv), { cause: error })
  }
}

/** Each command's code is loaded when it runs, and not before. */
export function createProgram(argv: readonly string[], report: Report): Command {
  const program = new Command('procroll')
    .description('Keeps a service running, and rolls it to a new version without a gap.')
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
      // main() prints it, as every other error.
      outputError: () => {},
      getOutHelpWidth: helpWidth,
      getErrHelpWidth: helpWidth,
    })
  addRun(program, argv, report)
  addRoll(program, report)
  addStatus(program, report)
  addStop(program, report)
  addCompletion(program, report)
  return document(program, [
    { title: 'Environment', entries: [runtimeFolderEntry] },
    allExitStatuses,
    exampleSection(
      'procroll run --name api --listen tcp://0.0.0.0:8080 -- node server.js',
      'procroll roll --name api',
      'procroll run --help',
    ),
  ])
}
