import { document, type Report } from '@shellflip/cli/commands'
import type { Command } from 'commander'
import type { StopOptions } from '../commands/stop.ts'
import {
  EXIT_DONE,
  EXIT_FAILED,
  EXIT_INTERNAL_ERROR,
  EXIT_NO_SUPERVISOR,
  EXIT_USAGE,
} from '../exit-status.ts'
import { addPlace } from './place-flags.ts'
import { exampleSection, exitStatusSection, runtimeFolderEntry } from './shared-sections.ts'

export function addStop(program: Command, report: Report): void {
  const command = program
    .command('stop')
    .summary('stop a service and its supervisor')
    .description('Stops the generations and the supervisor, and waits until the supervisor has exited.')
    .usage('[flags]')
  addPlace(command)
    .option('--now', 'kill the generations instead of waiting until they have drained')
    .action(async (options: Omit<StopOptions, 'now'> & { now?: boolean }) => {
      const { stop } = await import('../commands/stop.ts')
      report(await stop({ ...options, now: options.now === true }))
    })
  document(command, [
    { title: 'Environment', entries: [runtimeFolderEntry] },
    exitStatusSection([EXIT_DONE, EXIT_FAILED, EXIT_USAGE, EXIT_NO_SUPERVISOR, EXIT_INTERNAL_ERROR]),
    exampleSection('procroll stop --name api'),
  ])
}
