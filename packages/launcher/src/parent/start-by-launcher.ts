import { watchPid } from '@shellflip/fd-passing'
import { handoverVariable, launcherVariable } from '../descriptor-variables.ts'
import { LauncherError } from '../launcher-error.ts'
import { killGroup } from '../start/kill-group.ts'
import { startDirectly } from '../start/start-directly.ts'
import {
  type ProcessExit,
  type StartSuccessor,
  type SuccessorProcess,
  starterGone,
} from '../start/successor-process.ts'
import { LauncherLink } from './launcher-link.ts'
import type { FromLauncher, ToLauncher } from './launcher-messages.ts'

type Link = LauncherLink<ToLauncher, FromLauncher>

/** How long a launcher may take to exit after its link has closed, in milliseconds. */
const goneMs = 1_000

/** How this process starts a successor, and where it reports that it serves. */
export type Starter = {
  readonly startSuccessor: StartSuccessor
  /** Undefined where no launcher has started this process. */
  readonly reportReady?: () => void
}

/**
 * Finds how this process starts a successor: by its launcher, if it has one.
 *
 * @throws {LauncherError} ERR_LAUNCHER_ENVIRONMENT
 */
export function findStarter(env: NodeJS.ProcessEnv = process.env): Starter {
  const { [launcherVariable]: told } = env
  delete env[launcherVariable]
  if (told === undefined) return { startSuccessor: startDirectly }
  const link = adoptLink(told)
  void link.say({ type: 'hello' })
  return { startSuccessor: byLauncher(link), reportReady: () => void link.say({ type: 'ready' }) }
}

/** Starts the successor by the launcher, which has its own command. If the launcher was killed, the service continues without one. */
function byLauncher(link: Link): StartSuccessor {
  return async (command, passed) => {
    const [channel, ...others] = passed
    if (channel?.variable !== handoverVariable || others.length > 0) throw notByLauncher()
    if (!(await link.say({ type: 'start' }, [channel.fd]))) {
      if (!(await isGone(link.maker))) throw launcherDeaf()
      return startDirectly(command, passed)
    }
    const answer = (await link.hear())?.message
    if (answer?.type === 'started') return new LaunchedSuccessor(link, answer.pid)
    if (answer?.type === 'cannot-start') throw Object.assign(new Error(answer.message), { code: answer.code })
    throw Object.assign(new Error('the launcher exited while it started the successor'), {
      code: starterGone,
    })
  }
}

/** Waits for the exit. The kernel closes the descriptors of a process some time before the process is gone. */
function isGone(pid: number): Promise<boolean> {
  return new Promise((resolve) => {
    const watch = watchPid(pid, () => {
      clearTimeout(limit)
      resolve(true)
    })
    const limit = setTimeout(() => {
      watch.close()
      resolve(false)
    }, goneMs)
  })
}

/** Refuses the upgrade, because the launcher would take the exit of the last generation that it knows for the end of the service. */
function launcherDeaf(): Error {
  const message = 'the launcher speaks another version than this process. Restart the whole service'
  return Object.assign(new Error(message), { code: 'ERR_LAUNCHER' })
}

/** Refuses a successor of the Rust crate, because the launcher passes on the handover channel and nothing else. */
function notByLauncher(): Error {
  const message =
    'the launcher starts services of this library only, and not one of the Rust crate. Start this service without a launcher'
  return Object.assign(new Error(message), { code: 'ERR_LAUNCHER' })
}

/** A successor that is the launcher's child, as this process is. */
class LaunchedSuccessor implements SuccessorProcess {
  readonly pid: number
  readonly exited: Promise<ProcessExit>
  readonly #link: Link
  #isLeft = false

  constructor(link: Link, pid: number) {
    this.#link = link
    this.pid = pid
    this.exited = this.#exit()
  }

  async kill(): Promise<ProcessExit> {
    await this.#link.say({ type: 'kill' })
    return this.exited
  }

  leave(): void {
    this.#isLeft = true
    void this.#link.say({ type: 'serves' })
  }

  /** The link does not keep this process alive. */
  unref(): void {}

  async #exit(): Promise<ProcessExit> {
    const heard = await this.#link.hear()
    if (heard?.message.type === 'exited') return heard.message.exit
    // The launcher is gone, so a failing successor would not be killed. The next successor will be our own child.
    if (!this.#isLeft) killGroup(this.pid)
    await new Promise<void>((resolve) => {
      watchPid(this.pid, resolve).unref()
    })
    return { code: null, signal: 'SIGKILL' }
  }
}

function adoptLink(told: string): Link {
  try {
    if (!/^\d{1,6}$/.test(told)) throw new Error('it is not a number')
    return LauncherLink.adopt(Number(told))
  } catch (cause) {
    throw new LauncherError(
      'ERR_LAUNCHER_ENVIRONMENT',
      `${launcherVariable}=${told} does not name a launcher (${(cause as Error).message}). ` +
        'The launcher sets it for the process that it starts. Do not set it by hand',
      { cause },
    )
  }
}
