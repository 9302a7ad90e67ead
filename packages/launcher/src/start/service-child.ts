import { type ChildProcess, spawn } from 'node:child_process'
import { changed } from '../command/environment.ts'
import type { LaunchCommand } from '../command/launch-command.ts'
import { spawnable } from '../command/spawnable.ts'
import { cannotStart } from './cannot-start.ts'
import { killGroup } from './kill-group.ts'
import { firstFd, variablesOf } from './passed-fds.ts'
import type { PassedFd, ProcessExit, SuccessorProcess } from './successor-process.ts'
import { WrappedService } from './wrapped-service.ts'

/** A process of the service, as our child. It leads its own session, so that it can be killed as a whole. */
export class ServiceChild implements SuccessorProcess {
  readonly pid: number
  /** @throws {Error} if it cannot be started. `code` is the system's */
  readonly started: Promise<void>
  readonly exited: Promise<ProcessExit>
  readonly #child: ChildProcess
  #service: WrappedService | undefined

  /** @throws {Error} if it cannot be started. `code` is the system's */
  constructor(command: LaunchCommand, passed: readonly PassedFd[]) {
    this.#child = spawnChild(command, passed)
    this.pid = this.#child.pid as number
    this.exited = new Promise((resolve) => {
      this.#child.once('exit', (code, signal) => resolve({ code, signal }))
    })
    this.started = new Promise((resolve, reject) => {
      this.#child.once('spawn', resolve)
      this.#child.once('error', (error) => reject(cannotStart(error, command)))
    })
  }

  /** Names the service that the child, a wrapper, has started. Signals go to the service, and the wrapper deals with its exit. */
  wraps(pid: number): void {
    if (pid === this.pid || pid === this.#service?.pid) return
    this.#service?.[Symbol.dispose]()
    const service = new WrappedService(pid)
    this.#service = service
    void service.died.then(() => {
      if (this.#service === service) this.#service = undefined
    })
    void this.exited.then(() => service[Symbol.dispose]())
  }

  /** Does nothing if the process has exited. */
  signal(signal: NodeJS.Signals): void {
    if (this.#service === undefined) this.#child.kill(signal)
    else this.#service.signal(signal)
  }

  kill(): Promise<ProcessExit> {
    this.#service?.kill()
    killGroup(this.pid)
    return this.exited
  }

  leave(): void {
    this.unref()
  }

  unref(): void {
    this.#child.unref()
  }
}

function spawnChild(command: LaunchCommand, passed: readonly PassedFd[]): ChildProcess {
  const places = passed.map((_, index) => firstFd + index)
  const env = changed(command.env, variablesOf(passed, places))
  try {
    const { file, args, ...options } = spawnable({ ...command, env })
    return spawn(file, args, {
      ...options,
      stdio: ['inherit', 'inherit', 'inherit', ...passed.map(({ fd }) => fd.fd)],
      detached: true,
    })
  } catch (error) {
    throw cannotStart(error, command)
  }
}
