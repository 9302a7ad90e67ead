import { createProgram, document, parseCommandLine, type Report } from '@shellflip/cli/commands'
import type { Command } from 'commander'
import { addCompletion } from './command-line/completion-command.ts'
import { hints } from './command-line/hints.ts'
import { addRoll } from './command-line/roll-command.ts'
import { addRun } from './command-line/run-command.ts'
import { allExitStatuses, exampleSection, runtimeFolderEntry } from './command-line/shared-sections.ts'
import { addStatus } from './command-line/status-command.ts'
import { addStop } from './command-line/stop-command.ts'
import { EXIT_DONE, EXIT_USAGE } from './exit-status.ts'

/** Parses a command line, and runs the command it names. */
export async function runProgram(argv: readonly string[]): Promise<number> {
  let exitCode: number = EXIT_DONE
  const program = createProcroll(argv, (code) => {
    exitCode = code
  })
  return (await parseCommandLine(program, argv, hints)) ? exitCode : EXIT_USAGE
}

/** Each command's code is loaded when it runs, and not before. */
export function createProcroll(argv: readonly string[], report: Report): Command {
  const program = createProgram('procroll').description(
    'Keeps a service running, and rolls it to a new version without a gap.',
  )
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
