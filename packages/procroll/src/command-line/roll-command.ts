import { document, duration, type Report } from '@shellflip/cli/commands'
import type { Command } from 'commander'
import type { RollOptions } from '../commands/roll.ts'
import {
  EXIT_DONE,
  EXIT_FAILED,
  EXIT_INTERNAL_ERROR,
  EXIT_NO_SUPERVISOR,
  EXIT_TIMED_OUT,
  EXIT_USAGE,
} from '../exit-status.ts'
import { addPlace } from './place-flags.ts'
import { exampleSection, exitStatusSection, runtimeFolderEntry } from './shared-sections.ts'

export function addRoll(program: Command, report: Report): void {
  const command = program
    .command('roll')
    .summary('roll to a new generation, and report the outcome')
    .description('Rolls to a new generation, waits for the outcome and reports it.')
    .usage('[flags]')
  addPlace(command)
    .addOption(
      duration('--timeout <duration>', 'how long to wait. The roll continues. (default: until the outcome)'),
    )
    .action(async (options: RollOptions) => {
      const { roll } = await import('../commands/roll.ts')
      report(await roll(options))
    })
  document(command, [
    { title: 'Environment', entries: [runtimeFolderEntry] },
    exitStatusSection([
      EXIT_DONE,
      EXIT_FAILED,
      EXIT_USAGE,
      EXIT_NO_SUPERVISOR,
      EXIT_TIMED_OUT,
      EXIT_INTERNAL_ERROR,
    ]),
    exampleSection('procroll roll --name api --timeout 30s'),
  ])
}
