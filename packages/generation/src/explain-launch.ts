import { accessSync, constants, lstatSync, readlinkSync, type Stats, statSync } from 'node:fs'
import { FdPassingError } from '@shellflip/fd-passing'
import { pathFrom, showBytes } from '@shellflip/internal'
import { type FileKind, fileKind } from './interpreter.ts'
import { LaunchError } from './launch-error.ts'
import type { Launch } from './system.ts'

type Path = string | Buffer

/** Explains why a command could not be started, by what the system refused and by what is on the disk now. */
export function explainLaunch(error: unknown, launch: Launch): LaunchError {
  if (!(error instanceof FdPassingError)) {
    const { code = 'ERR_UNKNOWN', message } = error as NodeJS.ErrnoException
    return new LaunchError(code, message, { cause: error })
  }
  const { errno = error.code, syscall } = error
  const because = (reason: string) => new LaunchError(errno, reason, { cause: error })
  if (syscall === 'chdir') return because(folderReason(errno, launch))
  if (syscall === 'execve') return because(fileReason(errno, launch, error))
  return because(forkReasons[errno] ?? error.message)
}

const forkReasons: Record<string, string | undefined> = {
  EAGAIN: 'the limit of processes is reached (TasksMax=, ulimit -u, pids.max)',
  ENOMEM: 'the system lacks memory for another process',
}

function folderReason(errno: string, { cwd = '.' }: Launch): string {
  const folder = `the working directory ${showBytes(cwd)}`
  if (errno === 'ENOENT') return `${folder} does not exist`
  if (errno === 'ENOTDIR') return `${folder} is not a directory`
  if (errno === 'EACCES') return `${folder} cannot be entered by this user`
  return `${folder} cannot be entered (${errno})`
}

function fileReason(errno: string, launch: Launch, error: FdPassingError): string {
  const { file, cwd = '.' } = launch
  const name = showBytes(file)
  if (errno === 'E2BIG') return 'its arguments and environment are too long for the system (ARG_MAX)'
  if (errno === 'ETXTBSY')
    return `${name} is open for writing, perhaps by a deploy that copies it. Rename it into place instead`
  if (isGone(cwd))
    return 'the working directory was removed. Start the supervisor in another one, or give a path that stays'
  const found = pathFrom(cwd, error.path ?? file)
  if (errno === 'ENOENT' || errno === 'ENOTDIR') return missingReason(name, found)
  if (errno === 'EACCES' || errno === 'EPERM') return refusedReason(name, found)
  if (errno === 'ENOEXEC') return kindOf(found)?.type === 'empty' ? `${name} is empty` : foreignReason(name)
  return `${name} cannot be executed: ${error.message}`
}

function missingReason(name: string, found: Path): string {
  const isThere = lstat(found)
  if (isThere === undefined) return name.includes('/') ? `${name} does not exist` : `${name} is not in PATH`
  if (stat(found) === undefined)
    return `${name} is a symlink to ${showBytes(target(found))}, which does not exist`
  const kind = kindOf(found)
  if (kind?.type === 'script') return interpreterReason(name, kind.interpreter, 'does not exist')
  return `the dynamic loader of ${name} does not exist: it was built for another system (glibc, musl)`
}

function refusedReason(name: string, found: Path): string {
  const stats = stat(found)
  if (stats === undefined) return `${name} is in a folder that this user cannot search`
  if (stats.isDirectory()) return `${name} is a directory`
  if (!stats.isFile()) return `${name} is not a regular file`
  if ((stats.mode & 0o111) === 0) return `${name} is not executable. Run chmod +x ${name}`
  if (!isExecutable(found))
    return `${name} cannot be executed by this user, or its file system is mounted noexec`
  const kind = kindOf(found)
  if (kind?.type === 'script') return interpreterReason(name, kind.interpreter, 'cannot be executed')
  return `${name} cannot be executed by this user`
}

/** A carriage return is what an editor on Windows leaves: the most common reason by far. */
function interpreterReason(name: string, interpreter: string, what: string): string {
  const shown = showBytes(Buffer.from(interpreter, 'latin1')).replaceAll('\r', '\\r')
  return `the interpreter ${shown} of ${name} ${what}${interpreter.endsWith('\r') ? ' (Windows line ends?)' : ''}`
}

function foreignReason(name: string): string {
  return `${name} is not a program for this system (${process.platform} ${process.arch})`
}

function kindOf(found: Path): FileKind | undefined {
  return quietly(() => fileKind(found))
}

function isGone(cwd: string | Uint8Array): boolean {
  return (stat(Buffer.from(cwd))?.nlink ?? 0) === 0
}

function lstat(found: Path): Stats | undefined {
  return quietly(() => lstatSync(found))
}

function stat(found: Path): Stats | undefined {
  return quietly(() => statSync(found))
}

function target(found: Path): Buffer {
  return Buffer.from(quietly(() => readlinkSync(found, 'buffer')) ?? 'another file')
}

function isExecutable(found: Path): boolean {
  return quietly(() => accessSync(found, constants.X_OK) === undefined) ?? false
}

/** Returns undefined when the look-up throws. The caller then reports the system's own error. */
function quietly<Result>(look: () => Result): Result | undefined {
  try {
    return look()
  } catch {
    return undefined
  }
}
