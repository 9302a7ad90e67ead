import { type ChildProcess, spawn } from 'node:child_process'
import { constants } from 'node:os'
import type { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { changed } from '../command/environment.ts'
import type { LaunchCommand } from '../command/launch-command.ts'
import { spawnable } from '../command/spawnable.ts'
import { cannotStart, checkStartable } from './cannot-start.ts'
import { killGroup } from './kill-group.ts'
import { firstFd, variablesOf } from './passed-fds.ts'
import type { PassedFd, ProcessExit, StartSuccessor, SuccessorProcess } from './successor-process.ts'

/** The highest descriptor that every shell can name in a redirection. */
const highestFd = 9

/** Writes the shell's script. The shell reports the successor's pid at this descriptor, and exits as the successor does. */
function scriptFor(reportFd: number): string {
  const all = Array.from({ length: reportFd - firstFd + 1 }, (_, index) => `${firstFd + index}>&-`)
  return `"$@" <&0 ${reportFd}>&- & echo $! >&${reportFd}; exec ${all.join(' ')}; wait $!`
}

/**
 * Starts the successor by a shell. Under a service manager, the successor must be the manager's child when the manager learns of it
 * (MAINPID=). systemd decides at that moment, and for good, whether it will wait for this main process. If it is not its child, systemd
 * kills it at once when the service is stopped, and may not notice its exit. See service_set_main_pidref() and unit_kill_context(), systemd
 * 257. The shell exits at the commit, which reparents the successor to the manager.
 */
export const startForManager: StartSuccessor = async (command, passed) => {
  checkStartable(command)
  const reportFd = Math.min(firstFd + passed.length, highestFd)
  const shell = spawnShell(command, passed, reportFd)
  const exited = new Promise<ProcessExit>((resolve) => {
    shell.once('exit', (code, signal) => resolve(exitOf(code, signal)))
  })
  await new Promise((resolve, reject) => {
    shell.once('spawn', resolve)
    shell.once('error', (error) => reject(cannotStart(error, { ...command, file: '/bin/sh' })))
  })
  const told = await text(shell.stdio[reportFd] as Readable)
  if (told !== '') return new ShellChild(Number(told), shell, exited)
  killGroup(shell.pid as number)
  await exited
  throw Object.assign(new Error('the shell that starts it cannot fork'), { code: 'EAGAIN' })
}

function spawnShell(command: LaunchCommand, passed: readonly PassedFd[], reportFd: number): ChildProcess {
  const fds = passed.map(({ fd }) => fd.fd)
  const places = passed.map((_, index) => firstFd + index + (firstFd + index < reportFd ? 0 : 1))
  checkPlaces(passed, places)
  const env = changed(command.env, variablesOf(passed, places))
  try {
    const { file, args, ...options } = spawnable({ ...command, env }, true)
    const [before, after] = [fds.slice(0, reportFd - firstFd), fds.slice(reportFd - firstFd)]
    return spawn('/bin/sh', ['-c', scriptFor(reportFd), 'sh', file, ...args], {
      ...options,
      stdio: ['inherit', 'inherit', 'inherit', ...before, 'pipe', ...after],
      detached: true,
    })
  } catch (error) {
    throw cannotStart(error, command)
  }
}

/** @throws {Error} if a descriptor that the successor finds by its place has another one. `code` is ERR_TOO_MANY_SOCKETS */
function checkPlaces(passed: readonly PassedFd[], places: readonly number[]): void {
  if (passed.every(({ variable }, index) => variable !== undefined || places[index] === firstFd + index))
    return
  const most = highestFd - firstFd
  const message = `under a service manager it can inherit ${most} sockets at most. Let the manager bind the others by a .socket unit`
  throw Object.assign(new Error(message), { code: 'ERR_TOO_MANY_SOCKETS' })
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
