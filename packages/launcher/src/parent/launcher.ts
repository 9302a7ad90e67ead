import { constants } from 'node:os'
import { type OwnedFd, reapOrphans } from '@shellflip/fd-passing'
import { listenEnvironment, listenFds } from '@shellflip/sd-notify'
import type { EnvironmentChanges } from '../command/environment.ts'
import { type LaunchCommand, launchCommand } from '../command/launch-command.ts'
import type { SuccessorOptions } from '../command/successor-options.ts'
import { handoverVariable, launcherVariable } from '../descriptor-variables.ts'
import { type PassedFd, ServiceChild } from '../start/service-child.ts'
import type { ProcessExit } from '../start/successor-process.ts'
import { IpcParent } from './ipc-parent.ts'
import { LauncherLink } from './launcher-link.ts'
import type { FromLauncher, ToLauncher } from './launcher-messages.ts'
import { relaySignals } from './relay-signals.ts'

export type LauncherOptions = {
  /** How each generation after the first one is started. @default by the command of this process */
  readonly successor?: SuccessorOptions | undefined
  /** Signals that the serving generation gets, besides the usual ones. */
  readonly upgradeSignals: readonly NodeJS.Signals[]
  /** Signals that stop the service. One that comes during an upgrade stops the generation that serves after it. */
  readonly stopSignals: readonly NodeJS.Signals[]
}

type Link = LauncherLink<FromLauncher, ToLauncher>

/**
 * Makes this process the launcher of the service, for the rest of its life.
 *
 * @throws {Error} if the system does not start it. `code` is the system's
 */
export async function launchService(options: LauncherOptions): Promise<never> {
  const stopSignal = options.stopSignals[0] ?? 'SIGTERM'
  const parent = IpcParent.find(() => launcher.pass(stopSignal))
  // Only its generations keep this process alive.
  process.channel?.unref()
  const launcher = new Launcher(options, parent)
  relaySignals([...options.upgradeSignals, ...options.stopSignals], (signal) => launcher.pass(signal))
  // The kernel gives PID 1 every process whose parent has exited.
  if (process.pid === 1) reapOrphans()
  await launcher.startFirst()
  return new Promise<never>(() => {})
}

/**
 * The parent of all generations. It has no socket and no state of the service. It lives as long as any of them, and exits with the status
 * of the one that served last.
 */
class Launcher {
  readonly #options: LauncherOptions
  /** Gets one report that the service is ready. It does not know about upgrades. */
  #parent: IpcParent | undefined
  readonly #living = new Set<ServiceChild>()
  #serving: ServiceChild | undefined
  /** The generation that was started to replace the serving one, and is not ready yet. */
  #candidate: ServiceChild | undefined
  /** A stop signal that was passed on during an upgrade. It is meant for the generation that serves after it. */
  #stopSignal: NodeJS.Signals | undefined
  #lastExit: ProcessExit = { code: 1, signal: null }

  constructor(options: LauncherOptions, parent: IpcParent | undefined) {
    this.#options = options
    this.#parent = parent
  }

  /** Starts the first generation by the command of this process, with what a service manager has passed to it. */
  async startFirst(): Promise<void> {
    const activated = listenFds()
    // `auto`: the sockets are for the first process that reads the variables. Its pid is not known before it exists.
    const listen =
      activated.length === 0
        ? {}
        : { ...listenEnvironment(activated.map(({ name }) => name)), LISTEN_PID: 'auto' }
    try {
      const first = this.#spawn(launchCommand({}, { ...fromManager(), ...listen }), activated)
      this.#serving = first
      await first.started
    } finally {
      for (const { fd } of activated) fd.close()
    }
  }

  /** Passes a signal to the generation that serves. If none serves any more, passes it to those that still drain. */
  pass(signal: NodeJS.Signals): void {
    const serving = this.#serving
    for (const child of serving === undefined ? this.#living : [serving]) child.signal(signal)
    if (this.#candidate !== undefined && this.#options.stopSignals.includes(signal)) this.#stopSignal = signal
  }

  #spawn(command: LaunchCommand, passed: readonly PassedFd[]): ServiceChild {
    const { link, remote } = LauncherLink.pair()
    try {
      const child = new ServiceChild(command, [...passed, { fd: remote, variable: launcherVariable }])
      this.#living.add(child)
      child.started.catch(() => this.#living.delete(child))
      void child.exited.then((exit) => this.#ended(child, exit))
      // A link that fails is treated like one that the child has closed, so the parent lives on.
      this.#obey(link, child).catch(() => link.close())
      return child
    } catch (error) {
      link.close()
      throw error
    } finally {
      remote.close()
    }
  }

  async #obey(link: Link, child: ServiceChild): Promise<void> {
    for (let heard = await link.hear(); heard !== null; heard = await link.hear()) {
      const { message, fds, sender } = heard
      // The kernel attests the sender: that process, or one that got this socket from it. A pid in the message could be any process.
      if (message.type === 'hello' && sender) child.wraps(sender)
      if (message.type === 'ready') this.#reportReady()
      if (message.type === 'start') await this.#startCandidate(link, fds)
      // Not awaited: the requester learns of the exit, and the system may refuse to kill another user's process.
      if (message.type === 'kill') void this.#candidate?.kill()
      // The exit of a generation may have reported this already.
      if (message.type === 'serves' && child === this.#serving) this.#promote()
      for (const fd of fds) fd.close()
    }
    link.close()
  }

  #reportReady(): void {
    this.#parent?.ready()
    this.#parent = undefined
  }

  async #startCandidate(link: Link, channel: readonly OwnedFd[]): Promise<void> {
    const { successor = {} } = this.#options
    const passed = channel.map((fd) => ({ fd, variable: handoverVariable }))
    let candidate: ServiceChild
    try {
      candidate = this.#spawn(launchCommand(successor, fromManager()), passed)
      await candidate.started
    } catch (error) {
      const { code = 'ERR_UNKNOWN', message } = error as NodeJS.ErrnoException
      await link.say({ type: 'cannot-start', code, message })
      return
    }
    this.#candidate = candidate
    await link.say({ type: 'started', pid: candidate.pid })
    void candidate.exited.then((exit) => link.say({ type: 'exited', exit }))
  }

  #promote(): void {
    this.#serving = this.#candidate
    const stop = this.#stopSignal
    this.#forgetCandidate()
    if (stop !== undefined) this.#serving?.signal(stop)
  }

  #forgetCandidate(): void {
    this.#candidate = undefined
    this.#stopSignal = undefined
  }

  #ended(child: ServiceChild, exit: ProcessExit): void {
    this.#living.delete(child)
    // A candidate may already have served before its report reached us.
    if (child === this.#candidate || child === this.#serving) this.#lastExit = exit
    if (child === this.#candidate) {
      // Also kills what it may have started and left behind.
      void child.kill()
      this.#forgetCandidate()
    }
    // During an upgrade the candidate may have everything that it needs, and serve. Otherwise it exits.
    if (child === this.#serving) this.#promote()
    if (this.#living.size === 0) process.exit(statusOf(this.#lastExit))
  }
}

/** Passes the variables of a service manager on to the generations. WATCHDOG_PID is ours, where there is one. */
function fromManager(): EnvironmentChanges {
  const { NOTIFY_SOCKET, WATCHDOG_USEC, FDSTORE } = process.env
  return { NOTIFY_SOCKET, WATCHDOG_USEC, FDSTORE }
}

/** Converts an exit to a status as a shell does. */
function statusOf({ code, signal }: ProcessExit): number {
  return signal === null ? (code ?? 1) : 128 + constants.signals[signal]
}
