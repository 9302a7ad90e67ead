import { adoptOrphans, reapOrphans } from '@shellflip/fd-passing'
import { type Bytes, showBytes } from '@shellflip/internal'
import { type RestartMode, RollingSupervisor } from '@shellflip/rolling-supervisor'
import { listenFds, Notifier, WatchdogPinger } from '@shellflip/sd-notify'
import { parseCommand, renderCommand } from '../arguments/command-template.ts'
import type { ListenAddress } from '../arguments/listen-address.ts'
import { claimPlace } from '../control/claim-place.ts'
import type { PlaceOptions } from '../control/supervisor-place.ts'
import { makeNotifyDirectory } from '../launch/notify-directory.ts'
import { openListeners } from '../launch/open-listeners.ts'
import { readStart, type Start } from '../launch/start.ts'
import { isRelative, type LaunchDirectory, launchDirectory } from '../launch/working-directory.ts'
import { hintFor } from '../log/hints.ts'
import { createLogger, type LogFormat, type Logger } from '../log/logger.ts'
import { describeEvent } from '../log/supervisor-events.ts'
import { GenerationRecord } from '../orphans/generation-record.ts'
import { LeftBehind } from '../orphans/left-behind.ts'
import { type OrphanPolicy, settleOrphans, sweepUnnamed } from '../orphans/settle-orphans.ts'
import { EXIT_INTERNAL_ERROR, endOnInternalError } from '../supervise/last-resort.ts'
import { Service } from '../supervise/service.ts'
import { obeySignals } from '../supervise/unix-signals.ts'

export type RunOptions = PlaceOptions & {
  debug: boolean
  logFormat: LogFormat
  signal: NodeJS.Signals | number
  shutdownTimeout: number
  readyTimeout: number
  tempdir: string
  chdir?: string
  listen: readonly ListenAddress[]
  restart: RestartMode
  maxDraining: number
  watchdog?: number
  orphans: OrphanPolicy
}

/** `procroll run`: serves a command in generations until it is asked to stop, or cannot. Returns the exit status. */
export async function run(words: readonly Bytes[], options: RunOptions): Promise<number> {
  const command = parseCommand(words)
  const start = readStart()
  const directory = launchDirectory(start.pwd, options.chdir)
  const logger = createLogger({ format: options.logFormat, debug: options.debug })
  // PID 1 gets the orphans of all its processes, and a subreaper those of its own: none may remain a zombie.
  adoptOrphans()
  using _reaper = reapOrphans()
  warnOfResolved(directory, words, logger)
  const service = new Service({ name: options.name ?? String(process.pid), command: words.map(showBytes) })
  using _signals = obeySignals(service)
  using faults = endOnInternalError(
    (error) => tellFault(logger, error, options.debug),
    () => service.stop(),
  )

  await using manager = Notifier.fromEnvironment()
  using _watchdog = WatchdogPinger.fromEnvironment(manager)
  using passed = ownAll(listenFds())
  using notifyDirectory = makeNotifyDirectory(options.tempdir)
  if (options.name === undefined && options.controlSocket === undefined) await sweepUnnamed(logger)
  await using place = await claimPlace(options, service, logger)
  const { signal, shutdownTimeout: timeoutMs } = options
  if (place !== undefined) {
    await settleOrphans(place.record, options.orphans, { signal, timeoutMs, hurry: service.hurrying }, logger)
  }
  using opened = await openListeners(options.listen)
  if (service.ending.aborted) return 0

  const listen = [...passed.sockets, ...opened.sockets]
  const launch = launchOf(start, directory, options)
  const leftBehind = new LeftBehind({ signal, timeoutMs, hurry: service.hurrying, logger })
  const supervisor = new RollingSupervisor({
    command: ({ id, notifySocket }) => {
      leftBehind.starting({ id, notifySocket })
      const values = { PID: process.pid, Generation: id, NotifySocket: notifySocket }
      return { ...renderCommand(command, values), ...launch }
    },
    notifyDirectory: notifyDirectory.path,
    readyTimeoutMs: options.readyTimeout,
    shutdownTimeoutMs: options.shutdownTimeout,
    stopSignal: options.signal,
    restart: options.restart,
    maxDraining: options.maxDraining,
    listen,
    manager,
    ...(options.watchdog === undefined ? {} : { watchdogMs: options.watchdog }),
  })
  supervisor.onEvent((event) => {
    const { level, message, fields } = describeEvent(event)
    logger.log(level, message, fields)
    leftBehind.observe(event)
    if (event.type !== 'generation-failed') return
    const hint = hintFor(event.failure, listen.length > 0)
    if (hint !== undefined) logger.log('INFO', hint, { generation: event.generation })
  })
  const record = place && keepRecord(supervisor, place.record, notifyDirectory.path, logger)
  service.start(supervisor)
  const exit = await supervisor.done
  await leftBehind.settled()
  record?.remove()
  if (faults.count > 0) return EXIT_INTERNAL_ERROR
  if (exit.type === 'gave-up') return 5
  return exit.type === 'stopped' ? 0 : exit.exitCode
}

/** What all generations have in common. */
function launchOf({ env, rawEnv, openFiles }: Start, { path }: LaunchDirectory, { chdir }: RunOptions) {
  return {
    env: chdir === undefined ? env : { ...env, PWD: path },
    rawEnv,
    cwd: path,
    ...(openFiles === undefined ? {} : { openFiles }),
  }
}

/** A service manager sets no PWD: a symlink in its WorkingDirectory= is lost to us, and a deploy that moves it would do nothing. */
function warnOfResolved(directory: LaunchDirectory, words: readonly Bytes[], logger: Logger): void {
  const hasManager = process.env.NOTIFY_SOCKET !== undefined || process.env.INVOCATION_ID !== undefined
  if (!directory.isResolved || !hasManager || !isRelative(words, directory.path)) return
  logger.log(
    'WARN',
    'the working directory is known without its symlinks: give --chdir if a deploy moves one',
    {
      directory: showBytes(directory.path),
    },
  )
}

function keepRecord(
  supervisor: RollingSupervisor,
  path: string,
  notifyDirectory: string,
  logger: Logger,
): GenerationRecord {
  const record = new GenerationRecord(path, notifyDirectory, (error) =>
    logger.log(
      'WARN',
      'generations cannot be recorded: if procroll is killed, the next one will not find them',
      {
        error: error.message,
      },
    ),
  )
  const noted = new Set(['generation-started', 'generation-main-pid', 'generation-exited'])
  record.note([])
  supervisor.onEvent(({ type }) => {
    if (noted.has(type)) record.note(supervisor.status().generations)
  })
  return record
}

/** Sockets from the service manager above, by .socket units: generations get them as well. */
function ownAll(sockets: ReturnType<typeof listenFds>): Disposable & { sockets: typeof sockets } {
  return {
    sockets,
    [Symbol.dispose]() {
      for (const { fd } of sockets) fd.close()
    },
  }
}

function tellFault(logger: Logger, error: Error, debug: boolean): void {
  logger.log('ERROR', 'internal error: the service is ended', {
    error: (debug && error.stack) || error.message,
  })
}
