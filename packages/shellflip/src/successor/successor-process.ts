import { type ChildProcess, spawn } from 'node:child_process'
import type { OwnedFd } from '@shellflip/fd-passing'
import { handoverVariable } from '../predecessor/find-predecessor.ts'
import type { LaunchCommand } from './launch-command.ts'
import { spawnable } from './raw-arguments.ts'

export type ProcessExit = { code: number | null; signal: NodeJS.Signals | null }

/** Where the handover channel stands in the successor. */
const channelFd = 3

/** The process that is to become the service. It leads a session of its own, so that it can be ended as a whole. */
export class SuccessorProcess {
  readonly pid: number
  readonly exited: Promise<ProcessExit>
  readonly #child: ChildProcess

  /** @throws the system's error, with its `code`, if it cannot be started */
  static async start(
    command: LaunchCommand,
    env: NodeJS.ProcessEnv,
    channel: OwnedFd,
  ): Promise<SuccessorProcess> {
    const { file, args } = spawnable(command.file, command.args)
    const child = spawn(file, args, {
      cwd: command.cwd,
      env: { ...env, [handoverVariable]: String(channelFd) },
      stdio: ['inherit', 'inherit', 'inherit', channel.fd],
      detached: true,
    })
    const exited = new Promise<ProcessExit>((resolve) => {
      child.once('exit', (code, signal) => resolve({ code, signal }))
    })
    await new Promise<void>((resolve, reject) => {
      child.once('spawn', resolve)
      child.once('error', reject)
    })
    return new SuccessorProcess(child, child.pid as number, exited)
  }

  private constructor(child: ChildProcess, pid: number, exited: Promise<ProcessExit>) {
    this.#child = child
    this.pid = pid
    this.exited = exited
  }

  /** Ends it with all that it has started, and waits until it is reaped. */
  async kill(): Promise<ProcessExit> {
    try {
      process.kill(-this.pid, 'SIGKILL')
    } catch (error) {
      // EPERM: macOS says it of a group of which only zombies are left.
      const { code } = error as NodeJS.ErrnoException
      if (code !== 'ESRCH' && code !== 'EPERM') throw error
    }
    return this.exited
  }

  /** It is on its own from now on: this process may end before it. */
  leave(): void {
    this.#child.unref()
  }
}
