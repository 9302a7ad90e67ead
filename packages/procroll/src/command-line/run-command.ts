import { tmpdir } from 'node:os'
import {
  choice,
  document,
  duration,
  flag,
  parseCount,
  parseSignal,
  type Report,
  repeatable,
  strayFlag,
} from '@shellflip/cli/commands'
import { typedArguments } from '@shellflip/cli/start'
import type { Bytes } from '@shellflip/internal'
import { type Command, Option } from 'commander'
import { parseListen } from '../arguments/parse-listen.ts'
import type { RunOptions } from '../commands/run-options.ts'
import { controlSocket, placeName } from './place-flags.ts'
import { runSections } from './run-sections.ts'

/** As commander has them: a flag without a value is absent where it is not given. */
type ParsedOptions = Omit<RunOptions, 'debug'> & { debug?: boolean; shutdownTimeout?: number }

export function addRun(program: Command, argv: readonly string[], report: Report): void {
  const command = program
    .command('run')
    .summary('keep a service running, and roll it on SIGHUP')
    .description(
      'Keeps a service running, and rolls it without a gap: the old generation keeps serving until the new one reports ready.',
    )
    .usage('[flags] [--] <command> [args...]')
    .argument('<command>', 'the program of the service. It and its arguments are templates, see below.')
    .argument('[args...]', 'its arguments')
    .passThroughOptions()
    .optionsGroup('Names:')
    .addOption(placeName('the name that roll, status and stop use for it (default: its pid)'))
    .addOption(controlSocket('the control socket for requests, instead of a name'))
    .optionsGroup('Sockets:')
    .addOption(
      repeatable(
        '--listen <address>',
        '[NAME=]tcp://HOST:PORT, udp://HOST:PORT, unix:///PATH or unix:@NAME, with ?options: open this socket, and pass it to each generation. May be given several times.',
        parseListen,
      ),
    )
    .optionsGroup('Rolls and stops:')
    .addOption(
      duration('--ready-timeout <duration>', 'how long a generation may take to report READY=1', {
        defaultMs: 10_000,
      }),
    )
    .addOption(
      flag('--signal <signal>', 'the signal that stops a generation', parseSignal).default('SIGTERM'),
    )
    .addOption(
      duration('--drain-timeout <duration>', 'how long it may take to stop. SIGKILL follows.', {
        defaultMs: 60_000,
        mayBeZero: true,
      }),
    )
    .addOption(
      duration('--shutdown-timeout <duration>', 'the same, as the Go program spells it', {
        mayBeZero: true,
      }).conflicts('drainTimeout'),
    )
    .addOption(
      flag(
        '--max-draining <count>',
        'how many old generations may drain at a time. Above it, the oldest is killed.',
        parseCount,
      ).default(3),
    )
    .optionsGroup('Failures:')
    .addOption(
      choice('--restart <mode>', 'when to restart a service that exited by itself', [
        'on-failure',
        'always',
        'never',
      ]),
    )
    .addOption(
      duration('--watchdog <duration>', 'restart a generation that sends no WATCHDOG=1 for this long'),
    )
    .addOption(
      choice('--orphans <policy>', 'what to do with the generations of a killed procroll', [
        'end',
        'end-first',
        'refuse',
      ]),
    )
    .optionsGroup('Log and files:')
    .addOption(choice('--log-format <format>', 'the format of the log on stderr', ['text', 'json']))
    .option('--debug', 'log more')
    .addOption(
      new Option('--chdir <path>', 'where generations start. Symlinks in it are followed at each start.'),
    )
    .addOption(
      new Option('--tempdir <path>', 'the folder of the notify sockets').default(
        tmpdir(),
        '$TMPDIR, or /tmp',
      ),
    )
    .optionsGroup('Help:')
    .action(async (_command: string, _args: string[], options: ParsedOptions, command: Command) => {
      const { run } = await import('../commands/run.ts')
      const stray = strayFlag(command, argv)
      const { debug = false, shutdownTimeout, drainTimeout } = options
      report(
        await run(commandWords(typedArguments(argv).slice(-command.args.length), argv), {
          ...options,
          debug,
          drainTimeout: shutdownTimeout ?? drainTimeout,
          ...(stray && { strayFlag: stray }),
        }),
      )
    })
  document(command, runSections)
}

/** The Go program's usage, `run <path/to/binary> [-- args]`, lets the separator stand behind the command as well. */
function commandWords(words: readonly Bytes[], argv: readonly string[]): Bytes[] {
  const [file = '', separator, ...args] = words
  const separated = argv.at(-words.length - 1) === '--'
  return separator === '--' && !separated ? [file, ...args] : [...words]
}
