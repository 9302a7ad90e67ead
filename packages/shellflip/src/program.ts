import { createProgram, duration, parseCommandLine } from '@shellflip/cli/commands'
import { UsageError } from '@shellflip/cli/errors'
import type { RestartOptions } from './commands/restart.ts'

/** Parses a command line, and runs the command it names. Returns the exit status: 2 for a wrong command line. */
export async function runProgram(argv: readonly string[]): Promise<number> {
  let exitCode = 0
  const program = createProgram('shellflip').description(
    'Requests an upgrade from a service that uses the shellflip library.',
  )
  program
    .command('restart')
    .description('request an upgrade, and wait for the outcome')
    .requiredOption('--socket <path>', "the service's control socket")
    .addOption(
      duration('--timeout <duration>', 'how long to wait, such as 90s or 2m. The restart continues.'),
    )
    .addHelpText('after', '\nExample:\n  shellflip restart --socket /run/app/restart.sock --timeout 90s')
    .action(async (options: RestartOptions) => {
      const { restart } = await import('./commands/restart.ts')
      exitCode = await restart(options)
    })
  try {
    return (await parseCommandLine(program, argv)) ? exitCode : 2
  } catch (error) {
    if (!(error instanceof UsageError)) throw error
    process.stderr.write(`shellflip: ${error.message}\n`)
    return 2
  }
}
