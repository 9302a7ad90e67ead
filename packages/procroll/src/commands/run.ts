import { ignoreRealTimeSignals } from '@shellflip/fd-passing'
import { type RestartMode, RollingSupervisor } from '@shellflip/rolling-supervisor'
import { listenFds, Notifier, WatchdogPinger } from '@shellflip/sd-notify'
import { parseCommand, renderCommand } from '../arguments/command-template.ts'
import type { ListenAddress } from '../arguments/listen-address.ts'
import { claimPlace } from '../control/claim-place.ts'
import type { PlaceOptions } from '../control/supervisor-place.ts'
import { makeNotifyDirectory } from '../launch/notify-directory.ts'
import { openListeners } from '../launch/open-listeners.ts'
import { workingDirectory } from '../launch/working-directory.ts'
import { createLogger, type LogFormat, type Logger, logWarnings } from '../log/logger.ts'
import { describeStop } from '../log/stop-line.ts'
import { describeEvent } from '../log/supervisor-events.ts'
import { GenerationRecord } from '../orphans/generation-record.ts'
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
  logWarnings(logger)
  if (process.pid === 1) {
    logger.log(
      'WARN',
      'procroll is PID 1 and reaps only its own children: run it under an init, as with --init',
    )
  }
  const service = new Service(
    { name: options.name ?? String(process.pid), command: words },
    (verdict, cause) => {
      const { level, message, fields } = describeStop(verdict, cause)
      logger.log(level, message, fields)
    },
  )
  ignoreRealTimeSignals()
  obeySignals(service, logger)
  using faults = endOnInternalError(
    (error) => tellFault(logger, error, options.debug),
    () => service.stop('fault'),
  )

  await using manager = Notifier.fromEnvironment()
  using _watchdog = WatchdogPinger.fromEnvironment(manager)
  using passed = ownAll(listenFds())
  using notifyDirectory = makeNotifyDirectory(options.tempdir)
  if (options.name === undefined && options.controlSocket === undefined) await sweepUnnamed(logger)
  await using place = await claimPlace(options, service, logger)
  if (place !== undefined) {
    const { signal, shutdownTimeout: timeoutMs } = options
    await settleOrphans(place.record, options.orphans, { signal, timeoutMs, hurry: service.hurrying }, logger)
  }
  using opened = await openListeners(options.listen)
  if (service.ending.aborted) return 0

  const supervisor = new RollingSupervisor({
    command: ({ id, notifySocket }) => ({
      ...renderCommand(command, { PID: process.pid, Generation: id, NotifySocket: notifySocket }),
      env: process.env,
      cwd,
    }),
    notifyDirectory: notifyDirectory.path,
    readyTimeoutMs: options.readyTimeout,
    shutdownTimeoutMs: options.shutdownTimeout,
    stopSignal: options.signal,
    restart: options.restart,
    maxDraining: options.maxDraining,
    listen: [...passed.sockets, ...opened.sockets],
    manager,
    ...(options.watchdog === undefined ? {} : { watchdogMs: options.watchdog }),
  })
  supervisor.onEvent((event) => {
    const { level, message, fields } = describeEvent(event)
    logger.log(level, message, fields)
  })
  const record = place && keepRecord(supervisor, place.record, notifyDirectory.path, logger)
  service.start(supervisor)
  const exit = await supervisor.done
  record?.remove()
  if (faults.count > 0) return EXIT_INTERNAL_ERROR
  return exit.type === 'stopped' ? 0 : exit.exitCode
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
