import { oneLine } from '@shellflip/internal'
import { Command, CommanderError, InvalidArgumentError, Option } from 'commander'
import { parseDuration } from './commands/duration.ts'
import type { RestartOptions } from './commands/restart.ts'

/** Parses a command line, and runs the command it names. Returns the exit status. */
export async function runProgram(argv: readonly string[]): Promise<number> {
  let exitCode = 0
  const program = new Command('shellflip')
    .description('Requests an upgrade from a service that uses the shellflip library.')
    .usage('<command> [flags]')
    .option('-V, --version', 'print the version')
    .exitOverride()
    .configureOutput({ outputError: (text, write) => write(complaint(text)) })
  program
    .command('restart')
    .description('request an upgrade, and wait for the outcome')
    .requiredOption('--socket <path>', "the service's control socket")
    .addOption(
      new Option(
        '--timeout <duration>',
        'how long to wait, such as 90s or 2m. The restart continues.',
      ).argParser(duration),
    )
    .addHelpText('after', '\nExample:\n  shellflip restart --socket /run/app/restart.sock --timeout 90s')
    .action(async (options: RestartOptions) => {
      const { restart } = await import('./commands/restart.ts')
      exitCode = await restart(options)
    })
  try {
    await program.parseAsync(argv, { from: 'user' })
    return exitCode
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error
    return error.exitCode === 0 ? 0 : 2
  }
}

function duration(text: string): number {
  const milliseconds = parseDuration(text)
  if (milliseconds === undefined) throw new InvalidArgumentError('Write it as 500ms, 90s, 2m or 1h.')
  return milliseconds
}

/** Puts commander's report of a wrong command line into one line, with its suggestion. */
function complaint(text: string): string {
  return `shellflip: ${oneLine(text.replace(/^error: /, ''))} (see --help)\n`
}
