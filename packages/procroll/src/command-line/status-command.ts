import type { Command } from 'commander'
import type { StatusOptions } from '../commands/status.ts'
import { examples } from './help.ts'
import { addPlace } from './place-flags.ts'
import type { Report } from './report.ts'

export function addStatus(program: Command, report: Report): void {
  addPlace(program.command('status'))
    .description('Show the generations')
    .option('--json', 'print one line of JSON', false)
    .option('--watch', 'go on with every change', false)
    .addHelpText('after', examples('procroll status --name api --watch'))
    .action(async (options: StatusOptions) => {
      const { status } = await import('../commands/status.ts')
      report(await status(options))
    })
}
