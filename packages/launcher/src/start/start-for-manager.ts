import { type ChildProcess, spawn } from 'node:child_process'
import { constants } from 'node:os'
import type { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import type { OwnedFd } from '@shellflip/fd-passing'
import { changed } from '../command/environment.ts'
import type { LaunchCommand } from '../command/launch-command.ts'
import { spawnable } from '../command/spawnable.ts'
import { handoverVariable } from '../descriptor-variables.ts'
import { cannotStart, checkStartable } from './cannot-start.ts'
import { killGroup } from './kill-group.ts'
import type { ProcessExit, StartSuccessor, SuccessorProcess } from './successor-process.ts'

/** The shell's script. The shell reports the successor's pid, and exits as the successor does. */
const script = '"$@" <&0 4>&- & echo $! >&4; exec 3>&- 4>&-; wait $!'

/**
 * Starts the successor by a shell. Under a service manager, the successor must be the manager's child when the manager learns of it
 * (MAINPID=). systemd decides at that moment, and for good, whether it will wait for this main process. If it is not its child, systemd
 * kills it at once when the service is stopped, and may not notice its exit. See service_set_main_pidref() and unit_kill_context(), systemd
 * 257. The shell exits at the commit, which reparents the successor to the manager.
 */
export const startForManager: StartSuccessor = async (command, channel) => {
  checkStartable(command)
  const shell = spawnShell(command, channel)
  const exited = new Promise<ProcessExit>((resolve) => {
    shell.once('exit', (code, signal) => resolve(exitOf(code, signal)))
  })
  await new Promise((resolve, reject) => {
    shell.once('spawn', resolve)
    shell.once('error', (error) => reject(cannotStart(error, { ...command, file: '/bin/sh' })))
  })
  const told = await text(shell.stdio[4] as Readable)
  if (told !== '') return new ShellChild(Number(told), shell, exited)
  killGroup(shell.pid as number)
  await exited
  throw Object.assign(new Error('the shell that starts it cannot fork'), { code: 'EAGAIN' })
}

function spawnShell(command: LaunchCommand, channel: OwnedFd): ChildProcess {
  const env = changed(command.env, { [handoverVariable]: '3' })
  try {
    const { file, args, ...options } = spawnable({ ...command, env }, true)
    return spawn('/bin/sh', ['-c', script, 'sh', file, ...args], {
      ...options,
      stdio: ['inherit', 'inherit', 'inherit', channel.fd, 'pipe'],
      detached: true,
    })
  } catch (error) {
    throw cannotStart(error, command)
  }
}

class ShellChild implements SuccessorProcess {
  readonly pid: number
  readonly exited: Promise<ProcessExit>
  readonly #shell: ChildProcess

  constructor(pid: number, shell: ChildProcess, exited: Promise<ProcessExit>) {
    this.pid = pid
    this.exited = exited
    this.#shell = shell
  }

  /** Kills the process group, which contains the shell and the successor. */
  kill(): Promise<ProcessExit> {
    killGroup(this.#shell.pid as number)
    return this.exited
  }

  async leave(): Promise<void> {
    this.#shell.kill('SIGKILL')
    this.#shell.ref()
    await this.exited
  }

  unref(): void {
    this.#shell.unref()
  }
}

/** Converts a shell's status, which is 128 and the signal's number if a signal killed its child. */
function exitOf(code: number | null, signal: NodeJS.Signals | null): ProcessExit {
  const [name] = Object.entries(constants.signals).find(([, number]) => code === 128 + number) ?? []
  return name === undefined ? { code, signal } : { code: null, signal: name as NodeJS.Signals }
}
