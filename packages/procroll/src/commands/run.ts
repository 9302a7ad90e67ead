import { adoptOrphans, ignoreRealTimeSignals, reapOrphans } from '@shellflip/fd-passing'
import { type Bytes, showBytes, wholeTurn } from '@shellflip/internal'
import type { ParsedAddress } from '@shellflip/listeners/addresses'
import { type OrphanPolicy, Orphans, sweepPlaces } from '@shellflip/orphans'
import {
  NotifySockets,
  type RestartMode,
  RollingSupervisor,
  type SupervisorExit,
} from '@shellflip/rolling-supervisor'
import { listenFds, Notifier, WatchdogPinger } from '@shellflip/sd-notify'
import { parseCommand, renderCommand } from '../arguments/command-template.ts'
import { claimPlace } from '../control/claim-place.ts'
import type { PlaceOptions } from '../control/supervisor-place.ts'
import { EXIT_DONE, EXIT_FAILED, EXIT_GAVE_UP, EXIT_INTERNAL_ERROR } from '../exit-status.ts'
import { commonLaunch, warnOfResolved } from '../launch/common-launch.ts'
import { readStart } from '../launch/start.ts'
import { launchDirectory } from '../launch/working-directory.ts'
import { hintFor } from '../log/hints.ts'
import { createLogger, type LogFormat, type Logger, logWarnings } from '../log/logger.ts'
import { describeNotifySockets } from '../log/notify-sockets-events.ts'
import { describeOrphans } from '../log/orphans-events.ts'
import { describeStop } from '../log/stop-line.ts'
import { describeEvent, type LogLine } from '../log/supervisor-events.ts'
import { endOnInternalError } from '../supervise/last-resort.ts'
import { Service } from '../supervise/service.ts'
import { obeySignals } from '../supervise/unix-signals.ts'
import { programTexts } from './program-texts.ts'
import { unnamedPlaces } from './unnamed-places.ts'

export type RunOptions = PlaceOptions & {
  debug: boolean
  logFormat: LogFormat
  signal: NodeJS.Signals | number
  shutdownTimeout: number
  readyTimeout: number
  tempdir: string
  chdir?: string
  listen: readonly ParsedAddress[]
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
  const log: Log = ({ level, message, fields }) => logger.log(level, message, fields)
  logWarnings(logger)
  // PID 1 gets the orphans of all its processes, and a subreaper those of its descendants. Each must be reaped, or it remains a zombie.
  adoptOrphans()
  using _reaper = reapOrphans()
  warnOfResolved(cwd, words, logger)
  if (options.strayFlag !== undefined) {
    logger.log(
      'WARN',
      `${options.strayFlag} follows the command, and goes to the service. Put flags of procroll before the command. A -- before the command ends this warning.`,
    )
  }
  const name = options.name ?? String(process.pid)
  const service = new Service({ name, command: words.map(showBytes) }, (verdict, cause) =>
    log(describeStop(verdict, cause)),
  )
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
  using notifySockets = openNotifySockets(options, log)
  sweepDeadSupervisors(options, log)
  await using place = await claimPlace(options, service, logger)
  const orphans = await findOrphans(place?.record, options, service.hurrying, log)
  using opened = await orphans.openListeners(options.listen)
  using keeper = orphans.keep({ notifySockets, listeners: opened })
  // A stop that the system has queued starts nothing.
  await wholeTurn()
  if (service.ending.aborted) {
    await orphans.end()
    return status({ type: 'stopped' })
  }

  const listen = [...passed.sockets, ...opened.sockets]
  const common = commonLaunch(start, cwd, options.chdir)
  const supervisor = new RollingSupervisor({
    command: ({ id, notifySocket }) => {
      keeper.starting({ id, notifySocket })
      const values = { PID: process.pid, Generation: id, NotifySocket: notifySocket }
      return { ...renderCommand(command, values), ...common }
    },
    notifyDirectory: notifySockets,
    readyTimeoutMs: options.readyTimeout,
    drainTimeoutMs: options.shutdownTimeout,
    stopSignal: options.signal,
    restart: options.restart,
    maxDraining: options.maxDraining,
    listen,
    manager,
    ...(options.watchdog === undefined ? {} : { watchdogMs: options.watchdog }),
  })
  logEvents(supervisor, listen.length > 0, log)
  keeper.follow(supervisor)
  service.start(supervisor)
  const exit = await supervisor.done
  const isOrphanLeft = await keeper.over(exit)
  return isOrphanLeft ? Math.max(EXIT_FAILED, status(exit)) : status(exit)
}

type Log = (line: LogLine) => void

function openNotifySockets({ tempdir }: RunOptions, log: Log): NotifySockets {
  return new NotifySockets({
    parent: tempdir,
    program: programTexts.program,
    flag: '--tempdir',
    onEvent: (event) => log(describeNotifySockets(event)),
  })
}

/** A supervisor without a name gets another pid each time, so nothing else finds what it left. */
function sweepDeadSupervisors({ name, controlSocket }: RunOptions, log: Log): void {
  if (name !== undefined || controlSocket !== undefined) return
  sweepPlaces(unnamedPlaces, {
    program: programTexts.program,
    onEvent: (event) => log(describeOrphans(event)),
  })
}

function findOrphans(
  record: string | undefined,
  { orphans: policy, signal, shutdownTimeout }: RunOptions,
  hurry: AbortSignal,
  log: Log,
): Promise<Orphans> {
  return Orphans.find({
    ...(record === undefined ? {} : { record }),
    policy,
    stopSignal: signal,
    drainTimeoutMs: shutdownTimeout,
    hurry,
    texts: programTexts,
    onEvent: (event) => log(describeOrphans(event)),
  })
}

function logEvents(supervisor: RollingSupervisor, hasListeners: boolean, log: Log): void {
  supervisor.onEvent((event) => {
    log(describeEvent(event))
    if (event.type !== 'generation-failed') return
    const hint = hintFor(event.failure, hasListeners)
    if (hint !== undefined) log({ level: 'INFO', message: hint, fields: { generation: event.generation } })
  })
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
