import { tmpdir } from 'node:os'
import { type Command, Option } from 'commander'
import { parseListen } from '../arguments/listen-address.ts'
import { parseSignal } from '../arguments/signal-name.ts'
import type { RunOptions } from '../commands/run.ts'
import { parseNewName } from '../control/supervisor-place.ts'
import { choice, duration, flag, parseCount, repeatable } from './flags.ts'
import { examples } from './help.ts'
import { controlSocket, placeName } from './place-flags.ts'
import type { Report } from './report.ts'

export function addRun(program: Command, argv: readonly string[], report: Report): void {
  program
    .command('run')
    .description('Serve a command in generations: SIGHUP rolls, SIGTERM stops, a second SIGTERM kills')
    .usage('[flags] [--] <command> [args...]')
    .argument(
      '<command>',
      'the program; templates in it and in its arguments: {{.PID}}, {{.Generation}}, {{.NotifySocket}}',
    )
    .argument('[args...]')
    .passThroughOptions()
    .option('--debug', 'log more', false)
    .addOption(flag('--signal <signal>', 'what asks a generation to end', parseSignal).default('SIGTERM'))
    .addOption(duration('--shutdown-timeout <duration>', 'then SIGKILL', 60_000))
    .addOption(
      duration('--ready-timeout <duration>', 'time for READY=1, then a generation has failed', 10_000),
    )
    .addOption(new Option('--tempdir <path>', 'where the notify sockets live').default(tmpdir()))
    .addOption(
      repeatable(
        '--listen <address>',
        '[NAME=]tcp://HOST:PORT or [NAME=]unix:///PATH: hold a socket; repeatable',
        parseListen,
      ),
    )
    .addOption(placeName(parseNewName))
    .addOption(controlSocket())
    .addOption(
      choice('--restart <mode>', 'when a generation that served ends', ['on-failure', 'always', 'never']),
    )
    .addOption(
      flag(
        '--max-draining <count>',
        'old generations at a time; more: the oldest is killed',
        parseCount,
      ).default(3),
    )
    .addOption(duration('--watchdog <duration>', 'how often a generation must say WATCHDOG=1'))
    .addOption(choice('--orphans <policy>', 'generations that a killed procroll left', ['end', 'refuse']))
    .addOption(choice('--log-format <format>', 'of the lines on stderr', ['text', 'json']))
    .addHelpText('after', examples('procroll run --name api --listen tcp://0.0.0.0:8080 -- node server.js'))
    .action(async (_command: string, _args: string[], options: RunOptions, command: Command) => {
      const { run } = await import('../commands/run.ts')
      report(await run(commandWords(command.args, argv), options))
    })
}

/** The Go program's usage, `run <path/to/binary> [-- args]`, lets the separator stand behind the command as well. */
function commandWords(words: readonly string[], argv: readonly string[]): string[] {
  const [file = '', separator, ...args] = words
  const separated = argv.at(-words.length - 1) === '--'
  return separator === '--' && !separated ? [file, ...args] : [...words]
}
