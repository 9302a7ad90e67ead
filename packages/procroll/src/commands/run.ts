import { parseCommand, renderCommand } from '@shellflip/cli/go'
import { createLogger, type Logger, logging, logWarnings } from '@shellflip/cli/log'
import { endOnInternalError } from '@shellflip/cli/process'
import { launchDirectory, readStart } from '@shellflip/cli/start'
import { adoptOrphans, ignoreRealTimeSignals, reapOrphans } from '@shellflip/fd-passing'
import { type Bytes, showBytes, wholeTurn } from '@shellflip/internal'
import { Orphans, sweepPlaces } from '@shellflip/orphans'
import { NotifySockets, RollingSupervisor, type SupervisorExit } from '@shellflip/rolling-supervisor'
import { listenFds, Notifier, WatchdogPinger } from '@shellflip/sd-notify'
import { ControlledSupervisor, parseNewName } from '@shellflip/supervisor-control'
import { EXIT_DONE, EXIT_FAILED, EXIT_GAVE_UP, EXIT_INTERNAL_ERROR } from '../exit-status.ts'
import { commonLaunch, launchWarnings } from '../launch/common-launch.ts'
import { describePlaceEvent, describeStop } from '../log/control-events.ts'
import { logSupervisor } from '../log/log-supervisor.ts'
import { describeNotifySockets } from '../log/notify-sockets-events.ts'
import { describeOrphans } from '../log/orphans-events.ts'
import { places } from '../places.ts'
import { version } from '../version.ts'
import { answerSignals } from './answer-signals.ts'
import { programTexts } from './program-texts.ts'
import type { RunOptions } from './run-options.ts'

/** The fields of the Go program, which a word of the command may name. */
const templateFields = ['PID', 'Generation', 'NotifySocket'] as const

/** Runs `procroll run`: serves a command in generations until a request stops it, or it cannot continue. Returns the exit status. */
export async function run(words: readonly Bytes[], options: RunOptions): Promise<number> {
  const { signal, drainTimeout: drainTimeoutMs, chdir, watchdog } = options
  // A command line that is wrong starts nothing, and logs nothing.
  const command = parseCommand(words, templateFields, 'procroll run -- /usr/bin/app --port=8080')
  if (options.name !== undefined) parseNewName(options.name)
  const start = readStart('PROCROLL_STARTED')
  const cwd = launchDirectory(start.pwd, chdir)

  const logger = createLogger({ format: options.logFormat, debug: options.debug })
  logWarnings(logger)
  launchWarnings(cwd, words, options.strayFlag).forEach(logging(logger, (line) => line))

  // PID 1 gets the orphans of all its processes, and a subreaper those of its descendants. Each must be reaped, or it remains a zombie.
  adoptOrphans()
  using _reaper = reapOrphans()

  const service = new ControlledSupervisor({
    name: options.name ?? String(process.pid),
    version,
    command: words.map(showBytes),
    onEvent: logging(logger, describeStop),
  })
  ignoreRealTimeSignals()
  answerSignals(service, logger)
  using faults = endOnInternalError(
    (error) => logFault(logger, error, options.debug),
    () => service.stop('fault'),
    EXIT_INTERNAL_ERROR,
  )
  const status = (exit: SupervisorExit) => (faults.count > 0 ? EXIT_INTERNAL_ERROR : statusAfter(exit))

  await using manager = Notifier.fromEnvironment()
  using _watchdog = WatchdogPinger.fromEnvironment(manager)
  using passed = ownAll(listenFds())
  using notifySockets = openNotifySockets(options, logger)

  sweepDeadSupervisors(options, logger)
  await using place = await places.claim(service, {
    ...placeOf(options),
    onEvent: logging(logger, describePlaceEvent),
  })
  const orphans = await findOrphans(place?.record, options, service.hurrying, logger)
  using opened = await orphans.openListeners(options.listen)
  using keeper = orphans.keep({ notifySockets, listeners: opened })

  // A stop that the system has queued starts nothing.
  await wholeTurn()
  if (service.stopping.aborted) {
    await orphans.end()
    return status({ type: 'stopped' })
  }

  const listen = [...passed.sockets, ...opened.sockets]
  const common = commonLaunch(start, cwd, chdir)
  const supervisor = new RollingSupervisor({
    command: ({ id, notifySocket }) => {
      keeper.starting({ id, notifySocket })
      const values = { PID: process.pid, Generation: id, NotifySocket: notifySocket }
      return { ...renderCommand(command, values), ...common }
    },
    notifyDirectory: notifySockets,
    readyTimeoutMs: options.readyTimeout,
    drainTimeoutMs,
    stopSignal: signal,
    restart: options.restart,
    maxDraining: options.maxDraining,
    listen,
    manager,
    ...(watchdog === undefined ? {} : { watchdogMs: watchdog }),
  })
  supervisor.onEvent(logSupervisor(logger, listen.length > 0))
  keeper.follow(supervisor)

  service.start(supervisor)
  const exit = await supervisor.done
  const isOrphanLeft = await keeper.over(exit)
  return isOrphanLeft ? Math.max(EXIT_FAILED, status(exit)) : status(exit)
}

function openNotifySockets({ tempdir }: RunOptions, logger: Logger): NotifySockets {
  return new NotifySockets({
    parent: tempdir,
    program: programTexts.program,
    flag: '--tempdir',
    onEvent: logging(logger, describeNotifySockets),
  })
}

/** A supervisor without a name gets another pid each time, so nothing else finds what it left. */
function sweepDeadSupervisors({ name, controlSocket }: RunOptions, logger: Logger): void {
  if (name !== undefined || controlSocket !== undefined) return
  sweepPlaces(() => places.labels().map((label) => places.inFolder(label)), {
    program: programTexts.program,
    onEvent: logging(logger, describeOrphans),
  })
}

function findOrphans(
  record: string | undefined,
  { orphans: policy, signal, drainTimeout }: RunOptions,
  hurry: AbortSignal,
  logger: Logger,
): Promise<Orphans> {
  return Orphans.find({
    ...(record === undefined ? {} : { record }),
    policy,
    stopSignal: signal,
    drainTimeoutMs: drainTimeout,
    hurry,
    texts: programTexts,
    onEvent: logging(logger, describeOrphans),
  })
}

function statusAfter(exit: SupervisorExit): number {
  if (exit.type === 'stopped') return EXIT_DONE
  return exit.type === 'gave-up' ? EXIT_GAVE_UP : exit.exitCode
}

/** Only the options that are given. */
function placeOf({ name, controlSocket }: RunOptions) {
  return { ...(name !== undefined && { name }), ...(controlSocket !== undefined && { controlSocket }) }
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

function logFault(logger: Logger, error: Error, debug: boolean): void {
  logger.log('ERROR', 'internal error: procroll stops the service', {
    error: (debug && error.stack) || error.message,
  })
}
