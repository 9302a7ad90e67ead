import { tmpdir } from 'node:os'
import { oneLine } from '@shellflip/internal'
import { Command, CommanderError, Option } from 'commander'
import { formatDuration, parseDuration } from './arguments/go-duration.ts'
import { type ListenAddress, parseListen } from './arguments/listen-address.ts'
import { parseSignal } from './arguments/signal-name.ts'
import type { RollOptions } from './commands/roll.ts'
import type { RunOptions } from './commands/run.ts'
import type { StatusOptions } from './commands/status.ts'
import type { StopOptions } from './commands/stop.ts'
import { parseNewName } from './control/supervisor-place.ts'
import { ProcrollError, usageError } from './procroll-error.ts'
import { surviveClosedStdout } from './terminal/closed-stdout.ts'

/** Told the exit status of the command that ran. */
type Report = (exitCode: number) => void

/** Parses a command line, and runs the command it names. */
export async function runProgram(argv: readonly string[]): Promise<number> {
  let exitCode = 0
  try {
    await createProgram(argv, (code) => {
      exitCode = code
    }).parseAsync(argv, { from: 'user' })
    return exitCode
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error
    if (error.exitCode === 0) return 0
    // Without a command, commander prints its help.
    if (error.code === 'commander.help') return 2
    throw usageError(complaint(error.message), { cause: error })
  }
}

/** Each command's code is loaded when it runs, and not before. */
function createProgram(argv: readonly string[], report: Report): Command {
  const program = new Command('procroll')
    .description('Rolls any program from one generation to the next by its sd_notify readiness.')
    .usage('<command> [flags]')
    .option('-V, --version', 'print the version')
    .enablePositionalOptions()
    .exitOverride()
    .configureOutput({
      writeOut: (text) => {
        surviveClosedStdout()
        process.stdout.write(text)
      },
      // main() prints it, as every other error.
      outputError: () => {},
    })
  addRun(program, argv, report)
  addRoll(program, report)
  addStatus(program, report)
  addStop(program, report)
  return program
}

/** Puts what commander says of a wrong command line, its suggestion included, into one line. */
function complaint(text: string): string {
  return `${oneLine(text.replace(/^error: /, ''))} (see --help)`
}

function addRun(program: Command, argv: readonly string[], report: Report): void {
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
      flag(
        '--listen <address>',
        '[NAME=]tcp://HOST:PORT, udp://HOST:PORT, unix:///PATH or unix:@NAME, with ?options: hold a socket; repeatable',
        parseListen,
      )
        .argParser(appending(named('--listen', parseListen)))
        .default([], 'none'),
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
      const { run } = await import('./commands/run.ts')
      report(await run(commandWords(command.args, argv), options))
    })
}

function addRoll(program: Command, report: Report): void {
  addPlace(program.command('roll'))
    .description('Roll to the next generation, and wait for the outcome')
    .addOption(duration('--timeout <duration>', 'how long to wait; the roll goes on'))
    .addHelpText('after', examples('procroll roll --name api --timeout 30s'))
    .action(async (options: RollOptions) => {
      const { roll } = await import('./commands/roll.ts')
      report(await roll(options))
    })
}

function addStatus(program: Command, report: Report): void {
  addPlace(program.command('status'))
    .description('Show the generations')
    .option('--json', 'print one line of JSON', false)
    .option('--watch', 'go on with every change', false)
    .addHelpText('after', examples('procroll status --name api --watch'))
    .action(async (options: StatusOptions) => {
      const { status } = await import('./commands/status.ts')
      report(await status(options))
    })
}

function addStop(program: Command, report: Report): void {
  addPlace(program.command('stop'))
    .description('End the generations and the supervisor, and wait until it is gone')
    .option('--now', 'kill the generations instead of waiting until they drained', false)
    .addHelpText('after', examples('procroll stop --name api'))
    .action(async (options: StopOptions) => {
      const { stop } = await import('./commands/stop.ts')
      report(await stop(options))
    })
}

function addPlace(command: Command): Command {
  return command.addOption(placeName((text) => text)).addOption(controlSocket())
}

function placeName(parse: (text: string) => string): Option {
  return flag('--name <name>', 'the name of the supervisor', parse).conflicts('controlSocket')
}

function controlSocket(): Option {
  return new Option('--control-socket <path>', 'where it is asked, instead of a name')
}

/** The Go program's usage, `run <path/to/binary> [-- args]`, lets the separator stand behind the command as well. */
function commandWords(words: readonly string[], argv: readonly string[]): string[] {
  const [file = '', separator, ...args] = words
  const separated = argv.at(-words.length - 1) === '--'
  return separator === '--' && !separated ? [file, ...args] : [...words]
}

type Parse<T> = (text: string) => T

function flag<T>(spelling: string, description: string, parse: Parse<T>): Option {
  return new Option(spelling, description).argParser(named(spelling, parse))
}

/** A flag's value that is refused is refused under the flag's name. */
function named<T>(spelling: string, parse: Parse<T>): Parse<T> {
  const [name] = spelling.split(' ')
  return (text) => {
    try {
      return parse(text)
    } catch (error) {
      if (!(error instanceof ProcrollError)) throw error
      throw usageError(`${name}: ${error.message}`, { cause: error })
    }
  }
}

function appending(parse: Parse<ListenAddress>): (text: string, former: ListenAddress[]) => ListenAddress[] {
  return (text, former) => [...former, parse(text)]
}

function choice(spelling: string, description: string, choices: [string, ...string[]]): Option {
  return new Option(spelling, description).choices(choices).default(choices[0])
}

function duration(spelling: string, description: string, defaultMs?: number): Option {
  const mayBeZero = spelling.startsWith('--shutdown-timeout')
  const option = flag(spelling, description, (text) => {
    const milliseconds = Math.ceil(parseDuration(text))
    if (milliseconds === 0 && !mayBeZero) throw usageError(`"${text}" is no time at all. Example: 10s`)
    return milliseconds
  })
  return defaultMs === undefined ? option : option.default(defaultMs, formatDuration(defaultMs))
}

function parseCount(text: string): number {
  if (/^[1-9]\d{0,3}$/.test(text)) return Number(text)
  throw usageError(`"${text}" is no number from 1 to 9999. Example: 3`)
}

function examples(line: string): string {
  return `\nExample:\n  ${line}`
}
