import { constants } from 'node:os'
import { type OwnedFd, reapOrphans } from '@shellflip/fd-passing'
import { listenEnvironment, listenFds } from '@shellflip/sd-notify'
import type { EnvironmentChanges } from '../command/environment.ts'
import { type LaunchCommand, launchCommand } from '../command/launch-command.ts'
import type { SuccessorOptions } from '../command/successor-options.ts'
import { handoverVariable, launcherVariable } from '../descriptor-variables.ts'
import { ServiceChild } from '../start/service-child.ts'
import type { PassedFd, ProcessExit } from '../start/successor-process.ts'
import { IpcParent } from './ipc-parent.ts'
import { LauncherLink } from './launcher-link.ts'
import type { FromLauncher, ToLauncher } from './launcher-messages.ts'
import {
  type LauncherAction,
  type LauncherEvent,
  type LauncherState,
  launcherTable,
} from './launcher-table.ts'
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
  #state: LauncherState = 'starting'
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
      this.#happened('started')
    } finally {
      for (const { fd } of activated) fd.close()
    }
  }

  /** Passes a signal to the generation that serves. If none serves any more, passes it to those that still drain. */
  pass(signal: NodeJS.Signals): void {
    const stops = this.#options.stopSignals.includes(signal)
    const action = this.#step(stops ? 'stop' : 'signal')
    if (action === 'pass') this.#serving?.signal(signal)
    if (action === 'pass-to-all') for (const child of this.#living) child.signal(signal)
    if (stops && this.#state === 'stopping') this.#stopSignal = signal
  }

  #happened(event: Exclude<LauncherEvent, 'signal' | 'stop'>): void {
    switch (this.#step(event)) {
      case 'promote':
        this.#promote()
        return
      case 'promote-and-stop':
        this.#promote()
        if (this.#stopSignal !== undefined) this.#serving?.signal(this.#stopSignal)
        return
      case 'clean-up':
        // Its group may have processes that it started and left behind.
        void this.#candidate?.kill()
        this.#candidate = undefined
        return
      case 'drop':
        this.#serving = undefined
        return
      case 'exit':
        process.exit(statusOf(this.#lastExit))
    }
  }

  #step(event: LauncherEvent): LauncherAction | undefined {
    const step = launcherTable[this.#state][event]
    if (step !== undefined) this.#state = step.to
    return step?.action
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
      if (message.type === 'serves' && child === this.#serving) this.#happened('serves')
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
    this.#happened('candidate')
    await link.say({ type: 'started', pid: candidate.pid })
    void candidate.exited.then((exit) => link.say({ type: 'exited', exit }))
  }

  #promote(): void {
    this.#serving = this.#candidate
    this.#candidate = undefined
  }

  #ended(child: ServiceChild, exit: ProcessExit): void {
    this.#living.delete(child)
    // A candidate may already have served before its report reached us.
    if (child === this.#candidate || child === this.#serving) this.#lastExit = exit
    if (child === this.#candidate) this.#happened('failed')
    if (child === this.#serving) this.#happened('lost')
    if (this.#living.size === 0) this.#happened('empty')
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
