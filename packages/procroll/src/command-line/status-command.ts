import { document, type Report } from '@shellflip/cli/commands'
import type { Command } from 'commander'
import type { StatusOptions } from '../commands/status.ts'
import {
  EXIT_DONE,
  EXIT_FAILED,
  EXIT_INTERNAL_ERROR,
  EXIT_NO_SUPERVISOR,
  EXIT_USAGE,
} from '../exit-status.ts'
import { addPlace } from './place-flags.ts'
import { exampleSection, exitStatusSection, runtimeFolderEntry } from './shared-sections.ts'

export function addStatus(program: Command, report: Report): void {
  const command = program
    .command('status')
    .summary('show the generations')
    .description('Shows the state of a supervisor and its generations.')
    .usage('[flags]')
  addPlace(command)
    .option('--json', 'print one line of JSON')
    .option('--watch', 'show every change, until the supervisor exits')
    .action(async (options: StatusOptions) => {
      const { status } = await import('../commands/status.ts')
      report(await status(options))
    })
  document(command, [
    {
      title: 'Environment',
      entries: [
        runtimeFolderEntry,
        ['NO_COLOR', 'Any value turns colours off. FORCE_COLOR turns them on without a terminal.'],
      ],
    },
    exitStatusSection([EXIT_DONE, EXIT_FAILED, EXIT_USAGE, EXIT_NO_SUPERVISOR, EXIT_INTERNAL_ERROR]),
    exampleSection('procroll status --name api --watch'),
  ])
}
