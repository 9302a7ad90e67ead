import { type Bytes, show } from '@shellflip/internal'
import { checkArray, checkFunction, checkOptions } from './check-argument.ts'
import { FdPassingError, invalidArgument, systemError } from './error.ts'
import { native, type SpawnFailure } from './native.ts'
import { nullTerminated } from './null-terminated.ts'
import { checkDescriptor } from './owned-fd.ts'
import { type ProcessExit, SpawnedProcess } from './spawned-process.ts'

export type SpawnOptions = {
  /** The path to execute. In a list, the first executable path counts, as execvp(3) searches PATH. */
  file: Bytes | readonly Bytes[]
  /** Its arguments. @default [] */
  args?: readonly Bytes[]
  /** The name that the program finds as argv[0]. @default the (first) file */
  argv0?: Bytes
  /** `NAME=VALUE`, as execve(2) takes them. It gets these and no others. */
  env: readonly Bytes[]
  /** Relative paths in `file` are looked up from it. @default the working directory of this process */
  cwd?: Bytes
  /**
   * The program's descriptors 0, 1, …: each is a descriptor of this process, or `null` for /dev/null. It gets only these. @default three
   * times null
   */
  fds?: readonly (number | null)[]
  /** Whether it leads a new session and a new process group, so that the signals of a terminal do not reach it. @default false */
  ownSession?: boolean
  /** Adds LISTEN_PID with the pid that it has (sd_listen_fds(3)). @default false */
  listenPid?: boolean
  /** Its soft limit of open files (RLIMIT_NOFILE), at most the hard one. @default that of this process */
  openFiles?: number
}

const optionTypes = {
  file: 'any',
  args: 'any',
  argv0: 'any',
  env: 'any',
  cwd: 'any',
  fds: 'any',
  ownSession: 'boolean',
  listenPid: 'boolean',
  openFiles: 'any',
} as const

const ownSessionFlag = 1
const listenPidFlag = 2

/**
 * Starts a program, without a shell and without child_process. Arguments, environment and paths are bytes, signals are reset, and
 * descriptors do not leak. The call returns once the program runs, or throws. Node does not know the process.
 *
 * @param onExit called once, when the process has ended and is reaped
 * @throws {FdPassingError} ERR_INVALID_ARGUMENT
 * @throws {FdPassingError} ERR_SYSTEM if a step fails. `syscall` names it (`fork`, `setsid`, `dup2`, `chdir`, `setrlimit`, `execve`).
 *   `path` is set for `chdir` and `execve`
 */
export function spawnProcess(options: SpawnOptions, onExit: (exit: ProcessExit) => void): SpawnedProcess {
  checkOptions('spawnProcess()', options, optionTypes)
  checkFunction('onExit', onExit)
  const files = filesOf(options.file)
  const { args = [], argv0 = files[0] as Bytes, env, cwd, openFiles = -1 } = options
  const fds = options.fds ?? [null, null, null]
  checkArray('fds', fds)
  checkArray('args', args)
  const answer = native.spawn(
    nullTerminated('file', files),
    nullTerminated('args', [argv0, ...args]),
    nullTerminated('env', env),
    nullTerminated('cwd', cwd === undefined ? [] : [cwd]),
    Int32Array.from(fds, (fd) => (fd === null ? -1 : checkDescriptor(fd))),
    (options.ownSession ? ownSessionFlag : 0) | (options.listenPid ? listenPidFlag : 0),
    checkLimit(openFiles),
  )
  if (typeof answer !== 'number') throw stepError(answer, files, cwd)
  if (answer < 0) throw systemError('fork', answer)
  return new SpawnedProcess(answer, onExit)
}

function filesOf(file: SpawnOptions['file']): readonly Bytes[] {
  const files = Array.isArray(file) ? (file as readonly Bytes[]) : [file as Bytes]
  if (files.length === 0) throw invalidArgument('file must name at least one path')
  return files
}

function checkLimit(openFiles: number): number {
  if (Number.isInteger(openFiles) && openFiles >= -1) return Math.min(openFiles, 2 ** 31 - 1)
  throw invalidArgument(`openFiles must be a whole number from 0, not ${show(openFiles)}`)
}

function stepError(
  { step, error, index }: SpawnFailure,
  files: readonly Bytes[],
  cwd: Bytes | undefined,
): FdPassingError {
  const path = step === 'execve' ? files[index] : step === 'chdir' ? cwd : undefined
  if (path === undefined) return systemError(step, error)
  const { code, message, errno, syscall } = systemError(step, error, Buffer.from(path).toString())
  return new FdPassingError(code, message, { ...(errno && { errno }), ...(syscall && { syscall }), path })
}
