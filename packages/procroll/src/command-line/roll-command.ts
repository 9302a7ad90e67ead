import type { Command } from 'commander'
import type { RollOptions } from '../commands/roll.ts'
import { duration } from './flags.ts'
import { examples } from './help.ts'
import { addPlace } from './place-flags.ts'
import type { Report } from './report.ts'

export function addRoll(program: Command, report: Report): void {
  addPlace(program.command('roll'))
    .description('Roll to the next generation, and wait for the outcome')
    .addOption(duration('--timeout <duration>', 'how long to wait; the roll goes on'))
    .addHelpText('after', examples('procroll roll --name api --timeout 30s'))
    .action(async (options: RollOptions) => {
      const { roll } = await import('../commands/roll.ts')
      report(await roll(options))
    })
}
