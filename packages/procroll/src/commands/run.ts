import { type RestartMode, RollingSupervisor } from '@shellflip/rolling-supervisor'
import { listenFds, Notifier, WatchdogPinger } from '@shellflip/sd-notify'
import { parseCommand, renderCommand } from '../arguments/command-template.ts'
import type { ListenAddress } from '../arguments/listen-address.ts'
import { claimPlace } from '../control/claim-place.ts'
import type { PlaceOptions } from '../control/supervisor-place.ts'
import { LastingNotifySockets } from '../launch/lasting-notify-sockets.ts'
import { NotifyDirectory } from '../launch/notify-directory.ts'
import { workingDirectory } from '../launch/working-directory.ts'
import { createLogger, type LogFormat, type Logger } from '../log/logger.ts'
import { describeEvent } from '../log/supervisor-events.ts'
import { LeftBehind } from '../orphans/left-behind.ts'
import { openOrTakeOver } from '../orphans/open-or-take-over.ts'
import { RecordKeeper } from '../orphans/record-keeper.ts'
import { replaceOrphans } from '../orphans/replace-orphans.ts'
import { type OrphanPolicy, settleOrphans } from '../orphans/settle-orphans.ts'
import { sweepUnnamed } from '../orphans/sweep-unnamed.ts'
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
  listen: readonly ListenAddress[]
  restart: RestartMode
  maxDraining: number
  watchdog?: number
  orphans: OrphanPolicy
}

/** `procroll run`: serves a command in generations until it is asked to stop, or cannot. Returns the exit status. */
export async function run(words: readonly string[], options: RunOptions): Promise<number> {
  const command = parseCommand(words)
  const cwd = workingDirectory()
  const logger = createLogger({ format: options.logFormat, debug: options.debug })
  if (process.pid === 1) {
    logger.log(
      'WARN',
      'procroll is PID 1 and reaps only its own children: run it under an init, as with --init',
    )
  }
  const service = new Service({ name: options.name ?? String(process.pid), command: words })
  using _signals = obeySignals(service)
  using faults = endOnInternalError(
    (error) => tellFault(logger, error, options.debug),
    () => service.stop(),
  )

  await using manager = Notifier.fromEnvironment()
  using _watchdog = WatchdogPinger.fromEnvironment(manager)
  using passed = ownAll(listenFds())
  using directory = new NotifyDirectory(options.tempdir)
  using notifySockets = new LastingNotifySockets(directory, logger)
  if (options.name === undefined && options.controlSocket === undefined) sweepUnnamed(logger)
  await using place = await claimPlace(options, service, logger)
  const { signal, shutdownTimeout: timeoutMs } = options
  const ending = { signal, timeoutMs, hurry: service.hurrying }
  const left = place ? await settleOrphans(place.record, options.orphans, ending, logger) : LeftBehind.nothing
  using opened = await openOrTakeOver(options.listen, left, logger)
  const record =
    place && new RecordKeeper(place.record, { left, listeners: opened.recorded, directory, logger })
  if (service.ending.aborted) {
    await left.end()
    record?.close()
    return 0
  }

  const supervisor = new RollingSupervisor(
    {
      command: ({ id, notifySocket }) => {
        record?.expect(id, notifySocket)
        return {
          ...renderCommand(command, { PID: process.pid, Generation: id, NotifySocket: notifySocket }),
          env: process.env,
          cwd,
        }
      },
      // Read for each generation: the folder may have been swept away since the last one.
      get notifyDirectory() {
        return notifySockets.directory
      },
      readyTimeoutMs: options.readyTimeout,
      shutdownTimeoutMs: options.shutdownTimeout,
      stopSignal: options.signal,
      restart: options.restart,
      maxDraining: options.maxDraining,
      listen: [...passed.sockets, ...opened.sockets],
      manager,
      ...(options.watchdog === undefined ? {} : { watchdogMs: options.watchdog }),
    },
    notifySockets.system,
  )
  supervisor.onEvent((event) => {
    const { level, message, fields } = describeEvent(event)
    logger.log(level, message, fields)
  })
  record?.follow(supervisor)
  const replaced = replaceOrphans(left, supervisor, record, logger)
  service.start(supervisor)
  const exit = await supervisor.done
  const isOrphanLeft = await replaced.over(exit)
  record?.close()
  if (faults.count > 0) return EXIT_INTERNAL_ERROR
  if (exit.type === 'stopped') return isOrphanLeft ? 1 : 0
  return isOrphanLeft ? Math.max(1, exit.exitCode) : exit.exitCode
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
