import { statSync } from 'node:fs'
import { type Bytes, pathFrom, workingDirectory } from '@shellflip/internal'
import { usageError } from '../errors/usage-error.ts'

const slash = '/'.charCodeAt(0)

/** The directory that generations start in. */
export type LaunchDirectory = {
  /** The path as the user named it. Each start resolves it again. */
  readonly path: Bytes
  /** Whether this is the kernel's path, without symlinks, because nobody has given another one. */
  readonly isResolved: boolean
}

/**
 * Finds the directory that generations start in: the one of --chdir, or the working directory as the user named it. $PWD keeps a
 * symlink such as `current`, which the kernel has resolved.
 *
 * @param chdir where it is relative, it counts from the working directory
 * @throws {UsageError} if it does not exist any more
 */
export function launchDirectory(pwd: Buffer | undefined, chdir?: Bytes): LaunchDirectory {
  const given = chdir === undefined ? undefined : Buffer.from(chdir)
  if (given?.[0] === slash) return { path: chdir as Bytes, isResolved: false }
  const { typed, real } = workingDirectory(pwd)
  if (typed === undefined || real === undefined) {
    throw usageError('the working directory no longer exists. cd to another one, then try again')
  }
  const isResolved = pwd === undefined || !Buffer.from(typed).equals(pwd)
  if (given === undefined) return { path: typed, isResolved }
  return { path: pathFrom(typed, given), isResolved }
}

/**
 * Returns whether a command depends on the working directory: its path is relative, or one of its arguments names a file there. Then a
 * symlink that a deploy moves matters.
 */
export function isRelative([file = '', ...args]: readonly Bytes[], directory: Bytes): boolean {
  const path = Buffer.from(file)
  if (path.includes(slash)) return path[0] !== slash
  return args.some((arg) => isFileIn(directory, Buffer.from(arg)))
}

function isFileIn(directory: Bytes, name: Buffer): boolean {
  if (name.length === 0 || name[0] === slash) return false
  try {
    return statSync(pathFrom(directory, name), { throwIfNoEntry: false })?.isFile() ?? false
  } catch {
    return false
  }
}
