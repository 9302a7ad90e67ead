import { adoptOrphans, ignoreRealTimeSignals, reapOrphans } from '@shellflip/fd-passing'
import { type Bytes, showBytes, wholeTurn } from '@shellflip/internal'
import { type RestartMode, RollingSupervisor, type SupervisorExit } from '@shellflip/rolling-supervisor'
import { listenFds, Notifier, WatchdogPinger } from '@shellflip/sd-notify'
import { parseCommand, renderCommand } from '../arguments/command-template.ts'
import type { ListenAddress } from '../arguments/listen-address.ts'
import { claimPlace } from '../control/claim-place.ts'
import type { PlaceOptions } from '../control/supervisor-place.ts'
import { EXIT_DONE, EXIT_FAILED, EXIT_GAVE_UP, EXIT_INTERNAL_ERROR } from '../exit-status.ts'
import { commonLaunch, warnOfResolved } from '../launch/common-launch.ts'
import { LastingNotifySockets } from '../launch/lasting-notify-sockets.ts'
import { NotifyDirectory } from '../launch/notify-directory.ts'
import { readStart } from '../launch/start.ts'
import { launchDirectory } from '../launch/working-directory.ts'
import { hintFor } from '../log/hints.ts'
import { createLogger, type LogFormat, type Logger, logWarnings } from '../log/logger.ts'
import { describeStop } from '../log/stop-line.ts'
import { describeEvent } from '../log/supervisor-events.ts'
import { BackgroundProcesses } from '../orphans/background-processes.ts'
import { findLeftBehind, type OrphanPolicy } from '../orphans/find-left-behind.ts'
import { LeftBehind } from '../orphans/left-behind.ts'
import { openOrTakeOver } from '../orphans/open-or-take-over.ts'
import { RecordKeeper } from '../orphans/record-keeper.ts'
import { replaceOrphans } from '../orphans/replace-orphans.ts'
import { sweepUnnamed } from '../orphans/sweep-unnamed.ts'
import { endOnInternalError } from '../supervise/last-resort.ts'
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
  /** A flag of procroll after the command. */
  strayFlag?: string
}

/** Runs `procroll run`: serves a command in generations until a request stops it, or it cannot continue. Returns the exit status. */
export async function run(words: readonly Bytes[], options: RunOptions): Promise<number> {
  const command = parseCommand(words)
  const start = readStart()
  const cwd = launchDirectory(start.pwd, options.chdir)
  const logger = createLogger({ format: options.logFormat, debug: options.debug })
  logWarnings(logger)
  // PID 1 gets the orphans of all its processes, and a subreaper those of its descendants. Each must be reaped, or it remains a zombie.
  adoptOrphans()
  using _reaper = reapOrphans()
  warnOfResolved(cwd, words, logger)
  if (options.strayFlag !== undefined) {
    logger.log(
      'WARN',
      `${options.strayFlag} follows the command, so the service gets it. Put flags of procroll before the command. To silence this warning, write -- before the command.`,
    )
  }
  const name = options.name ?? String(process.pid)
  const service = new Service({ name, command: words.map(showBytes) }, (verdict, cause) => {
    const { level, message, fields } = describeStop(verdict, cause)
    logger.log(level, message, fields)
  })
  ignoreRealTimeSignals()
  obeySignals(service, logger)
  using faults = endOnInternalError(
    (error) => tellFault(logger, error, options.debug),
    () => service.stop('fault'),
  )
  const status = (exit: SupervisorExit) => (faults.count > 0 ? EXIT_INTERNAL_ERROR : statusAfter(exit))

  await using manager = Notifier.fromEnvironment()
  using _watchdog = WatchdogPinger.fromEnvironment(manager)
  using passed = ownAll(listenFds())
  using directory = new NotifyDirectory(options.tempdir)
  using notifySockets = new LastingNotifySockets(directory, logger)
  if (options.name === undefined && options.controlSocket === undefined) sweepUnnamed(logger)
  await using place = await claimPlace(options, service, logger)
  const { signal, shutdownTimeout: timeoutMs } = options
  const ending = { signal, timeoutMs, hurry: service.hurrying }
  const left = place
    ? await findLeftBehind(place.record, options.orphans, ending, logger)
    : LeftBehind.nothing
  using opened = await openOrTakeOver(options.listen, left, logger)
  using record =
    place && new RecordKeeper(place.record, { left, listeners: opened.recorded, directory, logger })
  // A stop that the system has queued starts nothing.
  await wholeTurn()
  if (service.ending.aborted) {
    await left.end()
    return status({ type: 'stopped' })
  }

  const listen = [...passed.sockets, ...opened.sockets]
  const common = commonLaunch(start, cwd, options.chdir)
  const background = new BackgroundProcesses({ ...ending, logger })
  const supervisor = new RollingSupervisor(
    {
      command: ({ id, notifySocket }) => {
        record?.expect(id, notifySocket)
        background.starting({ id, notifySocket })
        const values = { PID: process.pid, Generation: id, NotifySocket: notifySocket }
        return { ...renderCommand(command, values), ...common }
      },
      // Read for each generation: the folder may have been swept away since the last one.
      get notifyDirectory() {
        return notifySockets.directory
      },
      readyTimeoutMs: options.readyTimeout,
      drainTimeoutMs: options.shutdownTimeout,
      stopSignal: options.signal,
      restart: options.restart,
      maxDraining: options.maxDraining,
      listen,
      manager,
      ...(options.watchdog === undefined ? {} : { watchdogMs: options.watchdog }),
    },
    notifySockets.system,
  )
  supervisor.onEvent((event) => {
    const { level, message, fields } = describeEvent(event)
    logger.log(level, message, fields)
    background.observe(event)
    if (event.type !== 'generation-failed') return
    const hint = hintFor(event.failure, listen.length > 0)
    if (hint !== undefined) logger.log('INFO', hint, { generation: event.generation })
  })
  record?.follow(supervisor)
  const replaced = replaceOrphans(left, supervisor, record, logger)
  service.start(supervisor)
  const exit = await supervisor.done
  const isOrphanLeft = await replaced.over(exit)
  await background.settled()
  return isOrphanLeft ? Math.max(EXIT_FAILED, status(exit)) : status(exit)
}

function statusAfter(exit: SupervisorExit): number {
  if (exit.type === 'stopped') return EXIT_DONE
  return exit.type === 'gave-up' ? EXIT_GAVE_UP : exit.exitCode
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
  logger.log('ERROR', 'internal error: procroll stops the service', {
    error: (debug && error.stack) || error.message,
  })
}
