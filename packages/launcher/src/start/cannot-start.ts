import { accessSync, constants, statSync } from 'node:fs'
import { resolve, sep } from 'node:path'
import type { LaunchCommand } from '../command/launch-command.ts'

const reasons: Readonly<Record<string, (file: string) => string>> = {
  ENOENT: (file) => `the program ${file} does not exist`,
  EACCES: (file) => `${file} may not be executed`,
  E2BIG: () => 'its arguments and environment are larger than the system allows',
  EAGAIN: () => 'the limit of processes is reached. Raise ulimit -u, or TasksMax= of the unit',
  ENOMEM: () => 'the system lacks memory for another process',
  EMFILE: () => 'this process has no free descriptor. Raise ulimit -n, or LimitNOFILE= of the unit',
  ENFILE: () => 'the system has no free descriptor',
  ERR_ACCESS_DENIED: () => "Node's permission model forbids it. Allow it by --allow-child-process",
}

/** Explains why a program did not start. The system's error names the program even where it means the working directory. */
export function cannotStart(cause: unknown, { file, cwd }: LaunchCommand): Error {
  const { code = 'ERR_UNKNOWN', message } = cause as NodeJS.ErrnoException
  const reason = directoryFault(cwd) ?? reasons[code]?.(file)
  const why = reason === undefined ? message : `${reason} (${code})`
  return Object.assign(new Error(why, { cause }), { code })
}

/**
 * Checks what a shell would find out too late. A shell has already started by then, and only its exit status would report the failure.
 *
 * @throws {Error} as {@link cannotStart}
 */
export function checkStartable(command: LaunchCommand): void {
  const { file, cwd } = command
  try {
    accessSync(cwd, constants.X_OK)
    if (!file.includes(sep)) return
    accessSync(typeof cwd === 'string' ? resolve(cwd, file) : file, constants.X_OK)
  } catch (error) {
    throw cannotStart(error, command)
  }
}

function directoryFault(cwd: string | Buffer): string | undefined {
  try {
    if (!statSync(cwd).isDirectory()) return `${cwd} is not a directory`
    accessSync(cwd, constants.X_OK)
    return undefined
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    return code === 'ENOENT'
      ? `the working directory ${cwd} does not exist`
      : `the working directory ${cwd} may not be entered`
  }
}
