import type { Command } from 'commander'
import type { PlaceOptions } from '../control/supervisor-place.ts'
import { examples } from './help.ts'
import { addPlace } from './place-flags.ts'
import type { Report } from './report.ts'

export function addStop(program: Command, report: Report): void {
  addPlace(program.command('stop'))
    .description('End the generations and the supervisor, and wait until it is gone')
    .addHelpText('after', examples('procroll stop --name api'))
    .action(async (options: PlaceOptions) => {
      const { stop } = await import('../commands/stop.ts')
      report(await stop(options))
    })
}
