import { type ChildProcess, spawn } from 'node:child_process'
import type { OwnedFd } from '@shellflip/fd-passing'
import type { LaunchCommand } from '../launch/launch-command.ts'
import { spawnable } from '../launch/raw-arguments.ts'
import type { ProcessExit, SuccessorProcess } from './successor-process.ts'

/** A descriptor for the child, and the variable that tells it the number. */
export type PassedFd = { fd: OwnedFd; variable?: string }

/** SD_LISTEN_FDS_START, too. */
const firstFd = 3

/** A process of the service, as our child. It leads a session of its own, so that it can be ended as a whole. */
export class ServiceChild implements SuccessorProcess {
  readonly pid: number
  /** @throws the system's error, with its `code`, if it cannot be started */
  readonly started: Promise<void>
  readonly exited: Promise<ProcessExit>
  readonly #child: ChildProcess

  constructor(command: LaunchCommand, env: NodeJS.ProcessEnv, passed: readonly PassedFd[]) {
    const { file, args } = spawnable(command.file, command.args)
    const numbers = passed.flatMap(({ variable }, index) =>
      variable === undefined ? [] : [[variable, String(firstFd + index)]],
    )
    this.#child = spawn(file, args, {
      cwd: command.cwd,
      env: { ...env, ...Object.fromEntries(numbers) },
      stdio: ['inherit', 'inherit', 'inherit', ...passed.map(({ fd }) => fd.fd)],
      detached: true,
    })
    this.pid = this.#child.pid as number
    this.exited = new Promise((resolve) => {
      this.#child.once('exit', (code, signal) => resolve({ code, signal }))
    })
    this.started = new Promise((resolve, reject) => {
      this.#child.once('spawn', resolve)
      this.#child.once('error', reject)
    })
  }

  /** Does nothing if it has ended. */
  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal)
  }

  kill(): Promise<ProcessExit> {
    killGroup(this.pid)
    return this.exited
  }

  leave(): void {
    this.#child.unref()
  }
}

export function killGroup(pid: number): void {
  try {
    process.kill(-pid, 'SIGKILL')
  } catch (error) {
    // EPERM: macOS says it of a group of which only zombies are left.
    const { code } = error as NodeJS.ErrnoException
    if (code !== 'ESRCH' && code !== 'EPERM') throw error
  }
}
